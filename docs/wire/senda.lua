-- Wireshark and tshark: Senda's protocol over TCP and UDP (docs/PROTOCOL.md has the bytes).
--
--   tshark -X lua_script:docs/wire/senda.lua -i lo -f "port 7363"
--
-- docs/WIRE.md shows more. Other ports than 7363: -d tcp.port==9000,senda

local PORT = 7363
local VERSION = 1
local LENGTH_BYTES = 4
local TOKEN_BYTES = 4
local CHECKSUM_BYTES = 4

local senda = Proto("senda", "Senda")

local REFUSALS = {
  [0] = "version", [1] = "malformed", [2] = "unexpected", [3] = "epoch-reused", [4] = "schema",
}
local BYES = { [0] = "done", [1] = "going-down", [2] = "unknown-session", [3] = "busy" }
local GAPS = {
  [0] = "outbox-full", [1] = "oversize", [2] = "damaged", [3] = "elsewhere", [4] = "refused",
}

local f = {
  length = ProtoField.uint32("senda.length", "Length of the message"),
  token = ProtoField.uint32("senda.token", "Session token", base.HEX),
  checksum = ProtoField.uint32("senda.checksum", "CRC-32C", base.HEX),
  message = ProtoField.string("senda.message", "Message"),
  code = ProtoField.uint8("senda.code", "Code", base.HEX),
  version = ProtoField.uint8("senda.version", "Protocol version"),
  nonce = ProtoField.uint32("senda.nonce", "Nonce", base.HEX),
  device = ProtoField.string("senda.device", "Device", base.UNICODE),
  epoch = ProtoField.bytes("senda.epoch", "Epoch"),
  firmware = ProtoField.string("senda.firmware", "Firmware", base.UNICODE),
  reset = ProtoField.string("senda.reset", "Why it last started", base.UNICODE),
  uptime = ProtoField.double("senda.uptime", "Uptime (ms)"),
  first = ProtoField.uint32("senda.first", "Oldest record it has"),
  next = ProtoField.uint32("senda.next", "Next"),
  receive = ProtoField.uint32("senda.receive", "Bytes it can take at a time"),
  window = ProtoField.uint32("senda.window", "Window (records)"),
  wanted = ProtoField.uint32("senda.wanted", "Wanted schema"),
  collector = ProtoField.string("senda.collector", "Collector", base.UNICODE),
  schema = ProtoField.uint32("senda.schema", "Schema"),
  schema_hash = ProtoField.uint32("senda.schema.hash", "Hash of the schema", base.HEX),
  channel = ProtoField.string("senda.channel", "Channel", base.UNICODE),
  sequence = ProtoField.uint32("senda.sequence", "Sequence number"),
  format = ProtoField.uint8("senda.batch.format", "Batch format"),
  rows = ProtoField.uint16("senda.batch.rows", "Rows"),
  first_ms = ProtoField.double("senda.first_ms", "Uptime at the first reading (ms)"),
  last_ms = ProtoField.double("senda.last_ms", "Uptime at the last reading (ms)"),
  columns = ProtoField.bytes("senda.batch.columns", "Columns, coded"),
  count = ProtoField.uint32("senda.gap.count", "Numbers that it stands for"),
  readings = ProtoField.double("senda.gap.readings", "Readings dropped"),
  gap_reason = ProtoField.uint8("senda.gap.reason", "Reason", base.DEC, GAPS),
  bitmap = ProtoField.bytes("senda.ack.bitmap", "Come beyond that"),
  ping = ProtoField.double("senda.ping", "Ping"),
  clock = ProtoField.double("senda.clock", "Clock (ms)"),
  bye_reason = ProtoField.uint8("senda.bye.reason", "Reason", base.DEC, BYES),
  retry_after = ProtoField.double("senda.bye.retry_after", "Stay away for (ms)"),
  refusal = ProtoField.uint8("senda.refusal", "Refusal", base.DEC, REFUSALS),
  detail = ProtoField.string("senda.detail", "Detail", base.UNICODE),
}
senda.fields = f

local malformed = ProtoExpert.new(
  "senda.malformed", "This is no message of protocol version 1", expert.group.MALFORMED,
  expert.severity.ERROR)
local wrong_checksum = ProtoExpert.new(
  "senda.checksum.wrong", "The checksum is another", expert.group.CHECKSUM, expert.severity.ERROR)
senda.experts = { malformed, wrong_checksum }

-- A reader walks over one message. What it reads it adds to the tree; reading beyond the end is an
-- error that `dissect_message` turns into an expert's word.

local Reader = {}
Reader.__index = Reader

local function reader_of(tvb, tree)
  return setmetatable({ tvb = tvb, tree = tree, at = 0 }, Reader)
end

function Reader:left()
  return self.tvb:len() - self.at
end

function Reader:take(count)
  if count > self:left() then error("too short", 0) end
  local range = self.tvb(self.at, count)
  self.at = self.at + count
  return range
end

function Reader:rest()
  local count = self:left()
  return count == 0 and nil or self:take(count)
end

function Reader:fixed(field, bytes)
  local range = self:take(bytes)
  self.tree:add(field, range)
  return range:uint()
end

-- PROTOCOL 2.1
function Reader:varint(field)
  local start, value, factor = self.at, 0, 1
  repeat
    local byte = self:take(1):uint()
    value = value + (byte % 128) * factor
    factor = factor * 128
    if self.at - start > 8 then error("varint too long", 0) end
  until byte < 128
  if field then self.tree:add(field, self.tvb(start, self.at - start), value) end
  return value
end

-- PROTOCOL 4.1: what hello, welcome and schema are made of. Returns the value and its range; maps as
-- lists of { key, value, range }, arrays as lists of { value, range }.

local cbor

local function cbor_argument(reader, info)
  if info < 24 then return info end
  if info == 24 then return reader:take(1):uint() end
  if info == 25 then return reader:take(2):uint() end
  if info == 26 then return reader:take(4):uint() end
  if info == 27 then return reader:take(8):uint64():tonumber() end
  error("indefinite length", 0)
end

local function cbor_simple(reader, info)
  if info == 20 then return false end
  if info == 21 then return true end
  if info == 22 then return nil end
  if info == 26 then return reader:take(4):float() end
  if info == 27 then return reader:take(8):float() end
  error("no simple value of ours", 0)
end

local function cbor_items(reader, count, depth, is_map)
  local items = {}
  for index = 1, count do
    local key = is_map and cbor(reader, depth + 1) or nil
    local value, range = cbor(reader, depth + 1)
    items[index] = { key = key, value = value, range = range }
  end
  return items
end

local function cbor_value(reader, major, info, depth)
  if major == 7 then return cbor_simple(reader, info) end
  local argument = cbor_argument(reader, info)
  if major == 0 then return argument end
  if major == 1 then return -1 - argument end
  if major == 2 then return argument == 0 and "" or reader:take(argument):bytes():tohex(true) end
  if major == 3 then return argument == 0 and "" or reader:take(argument):string(ENC_UTF_8) end
  if major == 4 then return cbor_items(reader, argument, depth, false) end
  if major == 5 then return cbor_items(reader, argument, depth, true) end
  error("tag", 0)
end

function cbor(reader, depth)
  if depth > 8 then error("nested too deep", 0) end
  local start = reader.at
  local head = reader:take(1):uint()
  local value = cbor_value(reader, math.floor(head / 32), head % 32, depth)
  return value, reader.tvb(start, reader.at - start)
end

local function add_schemas(tree, references)
  for _, reference in ipairs(references) do
    local number, hash = reference.value[1].value, reference.value[2].value
    local item = tree:add(f.schema, reference.range, number)
    item:add(f.schema_hash, reference.range, hash)
  end
end

local function add_wanted(tree, numbers)
  for _, number in ipairs(numbers) do tree:add(f.wanted, number.range, number.value) end
end

local function add_epoch(tree, _, range)
  tree:add(f.epoch, range(1)) -- behind the byte that says "8 bytes"
end

local IN_MAPS = { schemas = add_schemas, wanted = add_wanted, epoch = add_epoch }

-- The map of a hello or a welcome; returns its values by key.
local function cbor_map(reader)
  local values = {}
  for _, entry in ipairs((cbor(reader, 1))) do
    local add, field = IN_MAPS[entry.key], f[entry.key]
    if add then
      add(reader.tree, entry.value, entry.range)
    elseif field and entry.value ~= nil then
      reader.tree:add(field, entry.range, entry.value)
    end
    values[entry.key] = entry.value
  end
  return values
end

-- One function a message: adds its fields, returns what the list of packets says of it.

-- PROTOCOL 3.1: behind another version nothing is known.
local function skip_other_version(reader)
  local version = reader:fixed(f.version, 1)
  if version == VERSION then return nil end
  reader:rest()
  return "of protocol version " .. version
end

local function dissect_hello(reader)
  local other = skip_other_version(reader)
  if other then return other end
  local hello = cbor_map(reader)
  if hello.first == hello.next then return hello.device .. " has no records" end
  return string.format("%s has records %d to %d", hello.device, hello.first, hello.next - 1)
end

local function dissect_welcome(reader)
  local other = skip_other_version(reader)
  if other then return other end
  return "all before " .. cbor_map(reader).next .. " is stored"
end

local function dissect_refuse(reader)
  local other = skip_other_version(reader)
  if other then return other end
  local code = reader:fixed(f.refusal, 1)
  local detail, range = cbor(reader, 1)
  reader.tree:add(f.detail, range, detail)
  return (REFUSALS[code] or "malformed") .. ": " .. detail
end

local function dissect_schema(reader)
  local number = reader:varint(f.schema)
  local names = {}
  for _, channel in ipairs((cbor(reader, 1))) do
    for _, entry in ipairs(channel.value) do
      if entry.key == "name" then
        reader.tree:add(f.channel, entry.range, entry.value)
        names[#names + 1] = entry.value
      end
    end
  end
  return number .. ": " .. table.concat(names, ", ")
end

local function dissect_want(reader)
  return "schema " .. reader:varint(f.wanted)
end

local function dissect_batch(reader)
  local sequence = reader:varint(f.sequence)
  reader:fixed(f.format, 1)
  local rows = reader:fixed(f.rows, 2)
  reader:varint(f.schema)
  reader:varint(f.first_ms)
  local columns = reader:rest()
  if columns then reader.tree:add(f.columns, columns) end
  return string.format("#%d, %d rows", sequence, rows)
end

local function dissect_gap(reader)
  local sequence = reader:varint(f.sequence)
  reader:varint(f.count)
  local readings = reader:varint(f.readings)
  reader:varint(f.first_ms)
  reader:varint(f.last_ms)
  local reason = reader:fixed(f.gap_reason, 1)
  return string.format("#%d, %d readings dropped: %s", sequence, readings, GAPS[reason] or "?")
end

local function dissect_ack(reader)
  local next = reader:varint(f.next)
  reader:varint(f.window)
  local bitmap = reader:rest()
  if bitmap then reader.tree:add(f.bitmap, bitmap) end
  return "all before " .. next .. " is stored"
end

local function dissect_ping(reader)
  return "" .. reader:varint(f.ping)
end

local function dissect_pong(reader)
  local ping = reader:varint(f.ping)
  return string.format("%d at %.0f ms", ping, reader:varint(f.clock))
end

local function dissect_bye(reader)
  local reason = reader:fixed(f.bye_reason, 1)
  local retry_after_ms = reader:varint(f.retry_after)
  local when = retry_after_ms == 0 and "" or string.format(", back after %.0f ms", retry_after_ms)
  return (BYES[reason] or "?") .. when
end

local MESSAGES = {
  [0x01] = { name = "hello", dissect = dissect_hello },
  [0x02] = { name = "welcome", dissect = dissect_welcome },
  [0x03] = { name = "refuse", dissect = dissect_refuse },
  [0x04] = { name = "schema", dissect = dissect_schema },
  [0x05] = { name = "want", dissect = dissect_want },
  [0x10] = { name = "batch", dissect = dissect_batch },
  [0x11] = { name = "gap", dissect = dissect_gap },
  [0x12] = { name = "ack", dissect = dissect_ack },
  [0x13] = { name = "ping", dissect = dissect_ping },
  [0x14] = { name = "pong", dissect = dissect_pong },
  [0x15] = { name = "bye", dissect = dissect_bye },
}

local function tell(pinfo, text)
  pinfo.cols.protocol = "Senda"
  local before = tostring(pinfo.cols.info)
  pinfo.cols.info = pinfo.private.senda and before .. "; " .. text or text
  pinfo.private.senda = "told"
end

local function dissect_message(tvb, pinfo, tree)
  local reader = reader_of(tvb, tree)
  local code = tvb:len() == 0 and -1 or reader:fixed(f.code, 1)
  local message = MESSAGES[code]
  if message == nil then
    tree:add_proto_expert_info(malformed)
    tell(pinfo, "malformed")
    return
  end
  tree:add(f.message, tvb(0, 1), message.name)
  local is_sound, text = pcall(message.dissect, reader)
  if is_sound and reader:left() > 0 then is_sound, text = false, "too long" end
  if not is_sound then tree:add_proto_expert_info(malformed, "Malformed: " .. tostring(text)) end
  tree:append_text(": " .. message.name .. " " .. tostring(text))
  tell(pinfo, message.name .. " " .. tostring(text))
end

-- PROTOCOL 3.2: a length, then the message.

local function length_of_frame(tvb)
  return LENGTH_BYTES + tvb(0, LENGTH_BYTES):uint()
end

local function dissect_frame(tvb, pinfo, root)
  local tree = root:add(senda, tvb(), "Senda")
  tree:add(f.length, tvb(0, LENGTH_BYTES))
  if tvb:len() > LENGTH_BYTES then dissect_message(tvb(LENGTH_BYTES):tvb(), pinfo, tree) end
  return tvb:len()
end

local function dissect_stream(tvb, pinfo, root)
  dissect_tcp_pdus(tvb, root, LENGTH_BYTES, length_of_frame, dissect_frame)
end

-- PROTOCOL 3.4: token, message, CRC-32C.

local CASTAGNOLI = 0x82f63b78

local function crc32c(tvb)
  local crc = bit.bnot(0)
  for index = 0, tvb:len() - 1 do
    crc = bit.bxor(crc, tvb(index, 1):uint())
    for _ = 1, 8 do
      local mask = bit.band(crc, 1) == 1 and CASTAGNOLI or 0
      crc = bit.bxor(bit.rshift(crc, 1), mask)
    end
  end
  return bit.bnot(crc)
end

local function dissect_datagram(tvb, pinfo, root)
  local message_bytes = tvb:len() - TOKEN_BYTES - CHECKSUM_BYTES
  if message_bytes < 1 then return 0 end
  local tree = root:add(senda, tvb(), "Senda")
  local checksum = tvb(tvb:len() - CHECKSUM_BYTES)
  tree:add(f.token, tvb(0, TOKEN_BYTES))
  local item = tree:add(f.checksum, checksum)
  if crc32c(tvb(0, tvb:len() - CHECKSUM_BYTES)) ~= bit.tobit(checksum:uint()) then
    item:add_proto_expert_info(wrong_checksum)
  end
  dissect_message(tvb(TOKEN_BYTES, message_bytes):tvb(), pinfo, tree)
  return tvb:len()
end

function senda.dissector(tvb, pinfo, root)
  if pinfo.port_type == 3 then return dissect_datagram(tvb, pinfo, root) end
  return dissect_stream(tvb, pinfo, root)
end

DissectorTable.get("tcp.port"):add(PORT, senda)
DissectorTable.get("udp.port"):add(PORT, senda)
