-- ARGV: entry, worker, job. Counts an attempt; answers which it is, and the job. Nothing if another has the job, or it is gone.
if not holds(ARGV[1], ARGV[2]) then return nil end
local key = job_key(ARGV[3])
local kind, argument = unpack(redis.call('HMGET', key, 'kind', 'argument'))
if not kind then
  leave_stream(ARGV[1])
  return nil
end
return { redis.call('HINCRBY', key, 'attempts', 1), kind, argument }
