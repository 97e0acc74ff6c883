-- ARGV: entry, worker, job. The attempt does not count, and the next worker takes the job at once. Answers 1, or 0 if another has it.
if not holds(ARGV[1], ARGV[2]) then return 0 end
leave_stream(ARGV[1])
if redis.call('HINCRBY', job_key(ARGV[3]), 'attempts', -1) >= 0 then enqueue(ARGV[3]) end
return 1
