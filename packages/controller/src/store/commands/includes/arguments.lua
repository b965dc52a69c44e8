-- Reads ARGV from left to right. Lists travel as their length, then their items.
local argument_position = 0

local function argument()
  argument_position = argument_position + 1
  return ARGV[argument_position]
end

local function number_argument()
  return tonumber(argument())
end

local function list_argument()
  local items = {}
  for i = 1, number_argument() do
    items[i] = argument()
  end
  return items
end
