// Nine bytes of head and what follows them.
#include "sim/frames.h"

#include <nghttp2/nghttp2.h>

#include "base/invariant.h"
#include "sim/wire.h"

namespace weir::sim {
namespace {

constexpr std::size_t head_bytes = 9;

void append(std::string& bytes, std::uint64_t value, unsigned octets) {
  while (octets-- > 0) bytes += static_cast<char>(value >> (8 * octets) & 0xFF);
}

/// RFC 7541 section 5.2, without Huffman; lengths beyond a byte's seven bits as section 5.1 has them.
void append_string(std::string& bytes, std::string_view text) {
  constexpr std::size_t prefix_max = 127;
  if (text.size() < prefix_max) {
    append(bytes, text.size(), 1);
  } else {
    append(bytes, prefix_max, 1);
    std::size_t left = text.size() - prefix_max;
    for (; left >= 128; left /= 128) append(bytes, left % 128 + 128, 1);
    append(bytes, left, 1);
  }
  bytes += text;
}

}  // namespace

std::string bytes_of(const Frame& frame) {
  std::string bytes;
  bytes.reserve(head_bytes + frame.payload.size());
  append(bytes, frame.payload.size(), 3);
  append(bytes, frame.type, 1);
  append(bytes, frame.flags, 1);
  append(bytes, frame.stream, 4);
  return bytes += frame.payload;
}

std::optional<Frame> take_frame(std::string& unread) {
  if (unread.size() < head_bytes) return {};
  const std::size_t length = byte_at(unread, 0) << 16 | byte_at(unread, 1) << 8 | byte_at(unread, 2);
  if (unread.size() < head_bytes + length) return {};
  Frame frame{.type = byte_at(unread, 3),
              .flags = byte_at(unread, 4),
              .stream = number_at(unread, 5) & 0x7FFFFFFF,
              .payload = unread.substr(head_bytes, length)};
  unread.erase(0, head_bytes + length);
  return frame;
}

unsigned number_at(std::string_view payload, std::size_t at) {
  return byte_at(payload, at) << 24 | byte_at(payload, at + 1) << 16 | byte_at(payload, at + 2) << 8 |
         byte_at(payload, at + 3);
}

std::string number(std::uint32_t value) {
  std::string bytes;
  append(bytes, value, 4);
  return bytes;
}

std::string setting(unsigned name, std::uint32_t value) {
  std::string bytes;
  append(bytes, name, 2);
  append(bytes, value, 4);
  return bytes;
}

std::string packed(const Lines& lines) {
  std::string bytes;
  for (const auto& [name, value] : lines) {
    append(bytes, 0, 1);  // without indexing, with a name of its own (RFC 7541 section 6.2.2)
    append_string(bytes, name);
    append_string(bytes, value);
  }
  return bytes;
}

struct Unpacker::Library {
  nghttp2_hd_inflater* inflater = nullptr;
};

Unpacker::Unpacker() : library_(std::make_unique<Library>()) {
  invariant(nghttp2_hd_inflate_new(&library_->inflater) == 0, "there is memory for an inflater");
}
Unpacker::~Unpacker() {
  nghttp2_hd_inflate_del(library_->inflater);
}

std::optional<Lines> Unpacker::unpack(std::string_view section) {
  Lines lines;
  while (true) {
    nghttp2_nv field{};
    int flags = 0;
    const ssize_t taken = nghttp2_hd_inflate_hd2(
        library_->inflater, &field, &flags, reinterpret_cast<const std::uint8_t*>(section.data()), section.size(), 1);
    if (taken < 0) return {};
    section.remove_prefix(static_cast<std::size_t>(taken));
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0)
      lines.emplace_back(std::string(reinterpret_cast<const char*>(field.name), field.namelen),
                         std::string(reinterpret_cast<const char*>(field.value), field.valuelen));
    if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
    if (taken == 0 && (flags & NGHTTP2_HD_INFLATE_EMIT) == 0) return {};
  }
  nghttp2_hd_inflate_end_headers(library_->inflater);
  return lines;
}

}  // namespace weir::sim
