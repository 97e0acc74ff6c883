-- ARGV: kind, argument. Answers the job's number.
local id = redis.call('INCR', base .. ':last')
redis.call('HSET', job_key(id), 'kind', ARGV[1], 'argument', ARGV[2], 'attempts', 0)
enqueue(id)
return id
