-- Ports as a field holds them: ',80/tcp,53/udp,' or ''.
local function has_port(ports, port)
  return string.find(ports, ',' .. port .. ',', 1, true) ~= nil
end

local function each_port(ports)
  return string.gmatch(ports, '[^,]+')
end

local function with_ports(ports, more)
  for port in each_port(more) do
    if not has_port(ports, port) then
      ports = (ports == '' and ',' or ports) .. port .. ','
    end
  end
  return ports
end

-- Those in `keep` stay: a port that the instance reserves is never given back.
local function without_ports(ports, fewer, keep)
  for port in each_port(fewer) do
    local from, to = string.find(ports, ',' .. port .. ',', 1, true)
    if from and not has_port(keep, port) then
      ports = string.sub(ports, 1, from) .. string.sub(ports, to + 1)
    end
  end
  return ports == ',' and '' or ports
end

local function share_a_port(ports, wanted)
  for port in each_port(wanted) do
    if has_port(ports, port) then
      return true
    end
  end
  return false
end
