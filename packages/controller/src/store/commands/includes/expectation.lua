-- include: arguments records

-- Reads an expectation ('absent', 'any', or 'fields' and a list of field, value …) and tells whether it holds.
-- '' stands for a field that is not set.
local function expectation_holds(current)
  local expected, fields = argument(), list_argument()
  if expected == 'absent' then
    return current == nil
  end
  if expected == 'any' then
    return true
  end
  if current == nil then
    return false
  end
  for i = 1, #fields, 2 do
    if (current[fields[i]] or '') ~= fields[i + 1] then
      return false
    end
  end
  return true
end
