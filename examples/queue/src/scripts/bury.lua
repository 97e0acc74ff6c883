-- ARGV: entry, worker, job, error. Answers 1, or 0 if another has it.
if not holds(ARGV[1], ARGV[2]) then return 0 end
leave_stream(ARGV[1])
redis.call('HSET', job_key(ARGV[3]), 'error', ARGV[4])
redis.call('ZADD', dead, now(), ARGV[3])
return 1
