// FastCGI towards an upstream: what upstream/one_exchange_session.h leaves to a protocol.
//
// FastCGI says more than HTTP: END_REQUEST is the only end, so that a connection that closes without it has cut its
// answer short, whatever the head said. Closing is also how an application is told that nobody waits any more: php-fpm
// does not read ABORT_REQUEST while a script runs.
#pragma once

#include <string>

#include "protocols/fastcgi/input_writer.h"
#include "protocols/fastcgi/output_reader.h"
#include "upstream/one_exchange_session.h"

namespace weir::fastcgi {

class ClientSessionFastcgi final : public OneExchangeSession {
 public:
  using OneExchangeSession::OneExchangeSession;

  /// \param head  its cgi_variables are what is sent; method and framing are looked at
  Reply send(Exchange& exchange, const RequestHead& head, Body* body, const UpstreamTimeouts& timeouts,
             Lease lease) override;

 private:
  friend class OutputBody;

  Task<Result<void>> send_request(Exchange& exchange, const RequestHead& head, Body* body,
                                  const UpstreamTimeouts& timeouts);
  Task<Result<void>> read_head(Exchange& exchange, Method method, ResponseHead& head, const UpstreamTimeouts& timeouts);
  Result<std::span<char>> take_head_text(Exchange& exchange, std::string_view output);
  [[nodiscard]] Error error_without_head() const;
  Result<void> attach_content(Exchange& exchange, Answer& answer, const UpstreamTimeouts& timeouts);
  void note_application_status(Exchange& exchange) const;

  OutputReader output_{inbox_};
  std::string head_text_;  // of a head that did not come in one record
};

}  // namespace weir::fastcgi
