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
  [5] = "keys",
}
local BYES = { [0] = "done", [1] = "going-down", [2] = "unknown-session", [3] = "busy" }
local GAPS = {
  [0] = "outbox-full", [1] = "oversize", [2] = "damaged", [3] = "elsewhere", [4] = "refused",
}
local STATUSES = {
  [0] = "success", [1] = "failed", [2] = "unknown-command", [3] = "bad-arguments", [4] = "busy",
  [5] = "no-answer", [6] = "away", [7] = "restarted",
}
local ENDS = {
  [0] = "done", [1] = "cancelled", [2] = "not-found", [3] = "refused", [4] = "too-large",
  [5] = "no-space", [6] = "corrupt", [7] = "failed", [8] = "busy", [9] = "unknown",
}
local DENIALS = { [0] = "not-admitted", [1] = "unknown-association", [2] = "busy" }

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
  life = ProtoField.uint32("senda.life", "Life of the device", base.HEX),
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
  author = ProtoField.uint32("senda.command.author", "Author", base.HEX),
  number = ProtoField.uint32("senda.command.number", "Number"),
  within = ProtoField.uint32("senda.command.within", "Asked for at most (ms)"),
  command = ProtoField.string("senda.command", "Command", base.UNICODE),
  body = ProtoField.bytes("senda.command.body", "What it says, in CBOR"),
  status = ProtoField.uint8("senda.command.status", "Status", base.DEC, STATUSES),
  done = ProtoField.double("senda.command.done", "Done"),
  total = ProtoField.double("senda.command.total", "Of how many"),
  blob = ProtoField.uint32("senda.blob", "File", base.HEX),
  purpose = ProtoField.string("senda.blob.purpose", "Purpose", base.UNICODE),
  name = ProtoField.string("senda.blob.name", "Name", base.UNICODE),
  size = ProtoField.uint32("senda.blob.size", "Size (bytes)"),
  sha256 = ProtoField.string("senda.blob.sha256", "SHA-256"),
  ending = ProtoField.uint8("senda.blob.end", "How it ended", base.DEC, ENDS),
  offset = ProtoField.uint32("senda.blob.offset", "Offset"),
  piece = ProtoField.bytes("senda.blob.piece", "Piece"),
  kept = ProtoField.uint32("senda.blob.next", "All before this byte is kept"),
  blob_window = ProtoField.uint32("senda.blob.window", "Window (bytes)"),
  seal_version = ProtoField.uint8("senda.seal.version", "Version of the seal"),
  random = ProtoField.bytes("senda.seal.random", "Random"),
  host_random = ProtoField.bytes("senda.seal.host_random", "Random, of the host"),
  proof = ProtoField.bytes("senda.seal.proof", "Proof"),
  association = ProtoField.uint32("senda.seal.token", "Token of the association", base.HEX),
  counter = ProtoField.uint32("senda.seal.counter", "Counter"),
  ciphertext = ProtoField.bytes("senda.seal.ciphertext", "Sealed message"),
  plain_length = ProtoField.uint32("senda.seal.length", "Length of what is sealed"),
  tag = ProtoField.bytes("senda.seal.tag", "Tag"),
  denial = ProtoField.uint8("senda.seal.denial", "Denial", base.DEC, DENIALS),
  denied = ProtoField.bytes("senda.seal.denied", "What it answers"),
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

local function add_blob_id(tree, id, range)
  tree:add(f.blob, range, id)
end

local IN_MAPS = { id = add_blob_id, schemas = add_schemas, wanted = add_wanted, epoch = add_epoch }

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

local function command_id(reader)
  reader:fixed(f.author, 4)
  return reader:fixed(f.number, 4)
end

-- Its body need not be what it should be: that is for the device to say (PROTOCOL 4.11).
local function dissect_command(reader)
  local number = command_id(reader)
  reader:fixed(f.life, 4)
  reader:varint(f.within)
  local body = reader:rest()
  if body == nil then return "#" .. number end
  local item = reader.tree:add(f.body, body)
  local is_sound, entries = pcall(cbor, reader_of(body:tvb(), item), 1)
  if not is_sound or type(entries) ~= "table" then return "#" .. number end
  for _, entry in ipairs(entries) do
    if entry.key == "name" and type(entry.value) == "string" then
      item:add(f.command, entry.range, entry.value)
      return string.format("#%d %s", number, entry.value)
    end
  end
  return "#" .. number
end

local function dissect_result(reader)
  local number = command_id(reader)
  local status = reader:fixed(f.status, 1)
  local body = reader:rest()
  if body then reader.tree:add(f.body, body) end
  return string.format("#%d %s", number, STATUSES[status] or "?")
end

local function dissect_progress(reader)
  local number = command_id(reader)
  local done = reader:varint(f.done)
  return string.format("#%d %.0f of %.0f", number, done, reader:varint(f.total))
end

-- PROTOCOL 4.14: an offer, or without size and hash a request.
local function dissect_blob(reader)
  local blob = cbor_map(reader)
  if blob.size == nil then return "asks for " .. blob.name end
  return string.format("%s, %d bytes", blob.name, blob.size)
end

local function dissect_blob_end(reader)
  local id = reader:fixed(f.blob, 4)
  local status = reader:fixed(f.ending, 1)
  local text, range = cbor(reader, 1)
  reader.tree:add(f.detail, range, text)
  return string.format("%08x %s %s", id, ENDS[status] or "?", text)
end

local function dissect_chunk(reader)
  local id = reader:fixed(f.blob, 4)
  local offset = reader:varint(f.offset)
  local piece = reader:rest()
  if piece == nil then error("too short", 0) end
  reader.tree:add(f.piece, piece)
  return string.format("%08x %d bytes from %d on", id, piece:len(), offset)
end

local function dissect_chunk_ack(reader)
  local id = reader:fixed(f.blob, 4)
  local kept = reader:varint(f.kept)
  reader:varint(f.blob_window)
  return string.format("%08x all before %d is kept", id, kept)
end

local function dissect_bye(reader)
  local reason = reader:fixed(f.bye_reason, 1)
  local retry_after_ms = reader:varint(f.retry_after)
  local when = retry_after_ms == 0 and "" or string.format(", back after %.0f ms", retry_after_ms)
  return (BYES[reason] or "?") .. when
end

-- PROTOCOL 11: what is sealed stays so; who speaks and how much can be seen.

local SEAL_RANDOM_BYTES = 16
local SEAL_NAME_BYTES = 64
local SEAL_PROOF_BYTES = 16

local function add_bytes(reader, field, count)
  reader.tree:add(field, reader:take(count))
end

local function dissect_knock(reader)
  reader:fixed(f.seal_version, 1)
  add_bytes(reader, f.random, SEAL_RANDOM_BYTES)
  local length = reader:take(1):uint()
  if length == 0 or length > SEAL_NAME_BYTES then error("no name", 0) end
  local name = reader:take(length)
  reader.tree:add(f.device, name)
  reader:take(SEAL_NAME_BYTES - length)
  add_bytes(reader, f.proof, SEAL_PROOF_BYTES)
  return name:string(ENC_UTF_8)
end

local function dissect_admit(reader)
  reader:fixed(f.seal_version, 1)
  add_bytes(reader, f.random, SEAL_RANDOM_BYTES)
  add_bytes(reader, f.host_random, SEAL_RANDOM_BYTES)
  local token = reader:fixed(f.association, 4)
  add_bytes(reader, f.proof, SEAL_PROOF_BYTES)
  return string.format("as %08x", token)
end

local function dissect_sealed(reader)
  local token = reader:fixed(f.association, 4)
  local counter = reader:varint(f.counter)
  local length = reader:left() - SEAL_PROOF_BYTES
  if length < 1 then error("too short", 0) end
  local ciphertext = reader:take(length)
  reader.tree:add(f.ciphertext, ciphertext)
  reader.tree:add(f.plain_length, ciphertext, length):set_generated()
  add_bytes(reader, f.tag, SEAL_PROOF_BYTES)
  return string.format("%08x #%d, %d bytes", token, counter, length)
end

local function dissect_deny(reader)
  reader:fixed(f.seal_version, 1)
  local reason = reader:fixed(f.denial, 1)
  reader:varint(f.retry_after)
  local what = reader:rest()
  if what then reader.tree:add(f.denied, what) end
  return DENIALS[reason] or "?"
end

local MESSAGES = {
  [0x01] = { name = "hello", dissect = dissect_hello },
  [0x02] = { name = "welcome", dissect = dissect_welcome },
  [0x03] = { name = "refuse", dissect = dissect_refuse },
  [0x04] = { name = "schema", dissect = dissect_schema },
  [0x05] = { name = "want", dissect = dissect_want },
  [0x06] = { name = "command", dissect = dissect_command },
  [0x07] = { name = "result", dissect = dissect_result },
  [0x08] = { name = "progress", dissect = dissect_progress },
  [0x0b] = { name = "blob", dissect = dissect_blob },
  [0x0c] = { name = "blob-end", dissect = dissect_blob_end },
  [0x10] = { name = "batch", dissect = dissect_batch },
  [0x11] = { name = "gap", dissect = dissect_gap },
  [0x12] = { name = "ack", dissect = dissect_ack },
  [0x13] = { name = "ping", dissect = dissect_ping },
  [0x14] = { name = "pong", dissect = dissect_pong },
  [0x15] = { name = "bye", dissect = dissect_bye },
  [0x16] = { name = "chunk", dissect = dissect_chunk },
  [0x17] = { name = "chunk-ack", dissect = dissect_chunk_ack },
  [0x18] = { name = "knock", dissect = dissect_knock },
  [0x19] = { name = "admit", dissect = dissect_admit },
  [0x1a] = { name = "sealed", dissect = dissect_sealed },
  [0x1c] = { name = "deny", dissect = dissect_deny },
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

-- PROTOCOL 3.4: token, message, CRC-32C; messages of the seal have no token before them.

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

local SEAL_CODES = { [0x18] = true, [0x19] = true, [0x1a] = true, [0x1c] = true }

local function dissect_datagram(tvb, pinfo, root)
  if tvb:len() < 1 then return 0 end
  local token_bytes = SEAL_CODES[tvb(0, 1):uint()] and 0 or TOKEN_BYTES
  local message_bytes = tvb:len() - token_bytes - CHECKSUM_BYTES
  if message_bytes < 1 then return 0 end
  local tree = root:add(senda, tvb(), "Senda")
  local checksum = tvb(tvb:len() - CHECKSUM_BYTES)
  if token_bytes > 0 then tree:add(f.token, tvb(0, TOKEN_BYTES)) end
  local item = tree:add(f.checksum, checksum)
  if crc32c(tvb(0, tvb:len() - CHECKSUM_BYTES)) ~= bit.tobit(checksum:uint()) then
    item:add_proto_expert_info(wrong_checksum)
  end
  dissect_message(tvb(token_bytes, message_bytes):tvb(), pinfo, tree)
  return tvb:len()
end

function senda.dissector(tvb, pinfo, root)
  if pinfo.port_type == 3 then return dissect_datagram(tvb, pinfo, root) end
  return dissect_stream(tvb, pinfo, root)
end

DissectorTable.get("tcp.port"):add(PORT, senda)
DissectorTable.get("udp.port"):add(PORT, senda)
