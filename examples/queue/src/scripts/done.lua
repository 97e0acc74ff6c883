-- ARGV: entry, worker, job. Answers 1, or 0 if another has it.
if not holds(ARGV[1], ARGV[2]) then return 0 end
leave_stream(ARGV[1])
redis.call('DEL', job_key(ARGV[3]))
redis.call('INCR', base .. ':done')
return 1
