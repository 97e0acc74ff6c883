-- ARGV: milliseconds. Forgets workers that have not been heard of for so long and have nothing in hand.
local workers = redis.pcall('XINFO', 'CONSUMERS', stream, 'workers')
if workers.err then return 0 end
local swept = 0
for _, fields in ipairs(workers) do
  local worker = {}
  for at = 1, #fields, 2 do worker[fields[at]] = fields[at + 1] end
  if worker.pending == 0 and worker.idle >= tonumber(ARGV[1]) then
    redis.call('XGROUP', 'DELCONSUMER', stream, 'workers', worker.name)
    swept = swept + 1
  end
end
return swept
