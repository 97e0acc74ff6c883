-- Answers number, kind, argument, attempts and error of the dead jobs, the last first; a hundred at most.
local list = {}
for _, id in ipairs(redis.call('ZREVRANGE', dead, 0, 99)) do
  local kind, argument, attempts, text = unpack(redis.call('HMGET', job_key(id), 'kind', 'argument', 'attempts', 'error'))
  list[#list + 1] = { tonumber(id), kind or '?', argument or '', tonumber(attempts or 0), text or '' }
end
return list
