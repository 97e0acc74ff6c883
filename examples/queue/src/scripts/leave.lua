-- ARGV: worker. Forgets it, unless it has something in hand. Answers how many were forgotten.
for _, fields in ipairs(redis.call('XINFO', 'CONSUMERS', stream, 'workers')) do
  local worker = {}
  for at = 1, #fields, 2 do worker[fields[at]] = fields[at + 1] end
  if worker.name == ARGV[1] and worker.pending == 0 then
    redis.call('XGROUP', 'DELCONSUMER', stream, 'workers', worker.name)
    return 1
  end
end
return 0
