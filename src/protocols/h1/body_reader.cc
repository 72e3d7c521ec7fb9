// The three ways a body ends, behind body_reader.h.
#include "protocols/h1/body_reader.h"

#include <algorithm>

#include "base/fault.h"

namespace weir::h1 {

BodyReader::BodyReader(Inbox& inbox, Framing framing, const Limits& limits, Origin sender, Code timeout_code,
                       Arena& arena)
    : inbox_(inbox),
      kind_(framing.kind),
      sender_(sender),
      timeout_code_(timeout_code),
      remaining_(framing.length),
      trailers_(arena) {
  if (kind_ == Framing::Kind::chunked) chunked_.emplace(limits, sender, trailers_);
}

std::optional<ByteCount> BodyReader::remaining() const {
  if (kind_ == Framing::Kind::length) return remaining_;
  if (kind_ == Framing::Kind::none || ended_) return 0;
  return {};
}

std::optional<Result<Piece>> BodyReader::try_next() {
  switch (kind_) {
    case Framing::Kind::none:
      return end({});
    case Framing::Kind::length:
      return next_of_length();
    case Framing::Kind::chunked:
      return next_of_chunked();
    case Framing::Kind::until_close:
      return next_until_close();
  }
  return {};
}

std::optional<Result<Piece>> BodyReader::next_of_length() {
  if (remaining_ == 0) return end({});
  if (inbox_.empty()) return {};
  const std::span<char> unread = inbox_.unread();
  const std::string_view bytes(unread.data(), std::min<ByteCount>(unread.size(), remaining_));
  inbox_.consume(bytes.size());
  remaining_ -= bytes.size();
  bytes_read_ += bytes.size();
  if (remaining_ == 0) return end(bytes);
  return Piece{.bytes = bytes};
}

// Data, and the end with it when the last chunk has already arrived behind it: then head, body and end leave in
// one send.
std::optional<Result<Piece>> BodyReader::next_of_chunked() {
  constexpr std::string_view plain_end = "\r\n0\r\n\r\n";
  std::string_view data;
  while (!inbox_.empty()) {
    const auto step = chunked_->next(inbox_.unread());
    if (!step) return failure(step.error());
    inbox_.consume(step->consumed);
    bytes_read_ += step->data.size();
    if (!step->data.empty()) data = step->data;
    if (step->end) return end(data);
    if (step->data.empty()) continue;
    const std::span<char> behind = inbox_.unread();
    if (!std::string_view(behind.data(), behind.size()).starts_with(plain_end)) return Piece{.bytes = data};
  }
  if (data.empty()) return {};
  return Piece{.bytes = data};
}

std::optional<Result<Piece>> BodyReader::next_until_close() {
  if (inbox_.empty()) return {};
  const std::span<char> unread = inbox_.unread();
  inbox_.consume(unread.size());
  bytes_read_ += unread.size();
  return Piece{.bytes = {unread.data(), unread.size()}};
}

Task<Result<Piece>> BodyReader::next(Duration timeout) {
  while (fault(Fault::backpressure_ignored) && kind_ == Framing::Kind::length && inbox_.unread().size() < remaining_) {
    const auto hoarded = co_await inbox_.fill_behind(remaining_, timeout);
    if (!hoarded || *hoarded == 0) break;
  }
  while (true) {
    if (auto piece = try_next()) co_return *piece;
    const auto received = co_await inbox_.stream().receive(timeout);
    if (!received) {
      Error error = received.error();
      if (error.code == Code::timed_out) error.code = timeout_code_;
      co_return failure(error);
    }
    if (received->empty()) co_return at_end_of_stream();
    inbox_.take(*received);
  }
}

Result<Piece> BodyReader::at_end_of_stream() {
  if (kind_ == Framing::Kind::until_close || fault(Fault::truncation_hidden)) return end({});
  return failure({.code = Code::body_cut_short, .origin = sender_});
}

Result<Piece> BodyReader::end(std::string_view last_bytes) {
  ended_ = true;
  return Piece{.bytes = last_bytes, .end = true, .trailers = trailers_.empty() ? nullptr : &trailers_};
}

Result<Piece> BodyReader::failure(Error error) {
  failed_ = true;
  return fail(error);
}

}  // namespace weir::h1
