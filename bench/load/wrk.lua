-- What wrk sends, by its arguments: METHOD BODY-BYTES CONNECTION ROUTES HEADER
-- With several routes each request picks one at random. The answer is one line of JSON at the end.
function init(args)
  wrk.method = args[1]
  local bytes = tonumber(args[2])
  if bytes > 0 then wrk.body = string.rep('x', bytes) end
  if args[3] == 'close' then wrk.headers['Connection'] = 'close' end
  local name, value = string.match(args[5] or '', '^([^:]+): (.*)$')
  if name then wrk.headers[name] = value end
  local routes, file = tonumber(args[4]), wrk.path
  if routes > 1 then
    local requests = {}
    for route = 1, routes do requests[route] = wrk.format(nil, '/s' .. route .. file) end
    -- Only when this is defined does wrk call into Lua for every request.
    function request() return requests[math.random(routes)] end
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"micros":%d,"p50":%d,"p99":%d,"failed":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout
  ))
end
