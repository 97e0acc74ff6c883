-- Jobs whose time has come wait for a worker again. Answers how many.
local ripe = redis.call('ZRANGEBYSCORE', delayed, '-inf', now(), 'LIMIT', 0, 100)
for _, id in ipairs(ripe) do
  redis.call('ZREM', delayed, id)
  enqueue(id)
end
return #ripe
