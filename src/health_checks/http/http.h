// Whether a page of the endpoint answers as it should.
#pragma once

#include "health_checks/http/answer.h"

namespace weir {

struct HttpCheckOptions {
  enum class Method : std::uint8_t { get, head };

  std::string path = "/";
  Method method = Method::get;
  std::string host;  ///< empty: the endpoint's address
  std::vector<std::pair<std::string, std::string>> headers;
  HttpExpectation expected;
};

class HttpCheck final : public HealthCheck {
 public:
  explicit HttpCheck(HttpCheckOptions options) : options_(std::move(options)) {}
  Task<ProbeResult> probe(Stream& stream, const ProbeTarget& target) const override;
  [[nodiscard]] std::string description() const override;

  /// What is sent to the endpoint at `authority`.
  [[nodiscard]] std::string request(std::string_view authority) const;

 private:
  [[nodiscard]] std::string_view method() const {
    return options_.method == HttpCheckOptions::Method::head ? "HEAD" : "GET";
  }

  HttpCheckOptions options_;
};

const HealthCheckKind& http_check();

}  // namespace weir
