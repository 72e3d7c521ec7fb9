// From arrivals to output.
#include "protocols/fastcgi/output_reader.h"

#include <cstring>

namespace weir::fastcgi {

std::optional<Result<std::string_view>> OutputReader::peek() {
  while (true) {
    const std::span<char> unread = inbox_.unread();
    const Result<Arrival> arrival = records_.next({unread.data(), unread.size()});
    if (!arrival) return fail(arrival.error());
    inbox_.consume(arrival->framing_bytes);
    switch (arrival->kind) {
      case Arrival::Kind::nothing:
        return {};
      case Arrival::Kind::end:
        return std::string_view();
      case Arrival::Kind::output:
        return arrival->content;
      case Arrival::Kind::errors:
        log_.add(arrival->content, arrival->record_ends);
        consume(arrival->content.size());
    }
  }
}

void OutputReader::consume(std::size_t bytes) {
  inbox_.consume(bytes);
  records_.took(bytes);
}

std::optional<Result<std::string_view>> OutputReader::take_all() {
  char* begin = nullptr;
  std::size_t size = 0;
  while (true) {
    const auto output = peek();
    if (output && !*output) return output;
    if (!output || (*output)->empty()) break;
    // The bytes lie where the inbox lies, which is ours to write.
    char* const from = inbox_.unread().data();
    if (begin == nullptr) begin = from;
    if (begin + size != from) std::memmove(begin + size, from, (*output)->size());
    size += (*output)->size();
    consume((*output)->size());
  }
  if (size == 0 && !ended()) return {};
  return std::string_view(begin, size);
}

}  // namespace weir::fastcgi
