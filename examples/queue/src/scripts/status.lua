-- Answers how many jobs wait, are in hand, are delayed, are dead and are done, and how many workers are known.
local pending, workers = 0, {}
local summary = redis.pcall('XPENDING', stream, 'workers')
if summary.err == nil then
  pending = summary[1]
  workers = redis.call('XINFO', 'CONSUMERS', stream, 'workers')
end
local done = tonumber(redis.call('GET', base .. ':done') or 0)
return { redis.call('XLEN', stream) - pending, pending, redis.call('ZCARD', delayed), redis.call('ZCARD', dead), done, #workers }
