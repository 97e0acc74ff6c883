-- What all scripts begin with. KEYS[1] is what the queue's keys begin with; its braces keep them on one node of a cluster.
local base = KEYS[1]
local stream, delayed, dead = base .. ':stream', base .. ':delayed', base .. ':dead'
local function job_key(id) return base .. ':job:' .. id end
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function enqueue(id) redis.call('XADD', stream, '*', 'job', id) end
-- Whether the stream's entry is in the hands of this worker, and not of another that has taken it over.
local function holds(entry, worker)
  local pending = redis.pcall('XPENDING', stream, 'workers', entry, entry, 1, worker)
  return pending.err == nil and #pending == 1
end
local function leave_stream(entry)
  redis.call('XACK', stream, 'workers', entry)
  redis.call('XDEL', stream, entry)
end
