-- Dead jobs wait for a worker again, as if they had never been tried. Answers how many.
local ids = redis.call('ZRANGE', dead, 0, 999)
for _, id in ipairs(ids) do
  redis.call('ZREM', dead, id)
  redis.call('HSET', job_key(id), 'attempts', 0)
  enqueue(id)
end
return #ids
