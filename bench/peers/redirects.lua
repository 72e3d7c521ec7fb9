-- Asks for the entries of a redirect map at random; the contender's name, given behind `--`, ends in how many there are.
local count

function init(args)
  count = tonumber(args[#args]:match("%d+$"))
  math.randomseed(count)
end

function request()
  return wrk.format("GET", string.format("/old/%06d.html", math.random(0, count - 1)))
end
