// What an application writes to STDOUT, as one run of bytes.
//
// Idea: records are cut where the application flushed, not where the client should get a piece. Output that was
// received together is moved together where it lies, over the headers between, so that it leaves as one piece. STDERR
// in between goes to the log.
#pragma once

#include <optional>

#include "base/fault.h"
#include "net/inbox.h"
#include "protocols/fastcgi/application_log.h"
#include "protocols/fastcgi/records.h"

namespace weir::fastcgi {

class OutputReader {
 public:
  explicit OutputReader(Inbox& inbox) : inbox_(inbox) {}

  /// A new request was sent.
  void begin(const Exchange& exchange) {
    if (!fault(Fault::records_not_begun_anew)) records_ = {};
    log_.begin(exchange);
  }

  /// Output that has been received and stays unread until consume(): up to the end of its record. Empty when ended();
  /// nothing when more bytes must come first.
  std::optional<Result<std::string_view>> peek();
  void consume(std::size_t bytes);

  /// All output that has been received, up to the end if that is there; valid until the caller suspends. Empty only
  /// when ended(); nothing when more bytes must come first.
  std::optional<Result<std::string_view>> take_all();

  /// The application has said that the request is over.
  [[nodiscard]] bool ended() const { return records_.ended(); }
  [[nodiscard]] const RecordReader& records() const { return records_; }

 private:
  Inbox& inbox_;
  RecordReader records_;
  ApplicationLog log_;
};

}  // namespace weir::fastcgi
