-- ARGV: entry, worker. The entry was in use just now. Answers 1, or 0 if another has it.
if not holds(ARGV[1], ARGV[2]) then return 0 end
redis.call('XCLAIM', stream, 'workers', ARGV[2], 0, ARGV[1], 'JUSTID')
return 1
