// The demo origin: shows each request as it arrived, so that one can see what the gateway did to it. It is Weir's own
// server with another handler.
#include "app/demo_origin.h"

#include <fmt/format.h>
#include <pthread.h>

#include <csignal>

#include "app/process/worker.h"
#include "app/protocols.h"
#include "base/text.h"
#include "server/error_reply.h"

namespace weir {
namespace {

/// `/` shows the request, `/bytes/N` sends N bytes, `/status/N` answers with that status.
class DemoHandler final : public Handler {
 public:
  void begin(Exchange&) override {}

  Reply handle(Exchange& exchange) override {
    const std::string_view path = exchange.request.path;
    if (path.starts_with("/status/")) co_return with_status(exchange, path.substr(8));
    if (path.starts_with("/bytes/")) co_return with_bytes(exchange, path.substr(7));
    co_return text(exchange, 200, describe(exchange));
  }

  Answer error_answer(Exchange& exchange, const Error& error) override { return error_reply(exchange, error); }

 private:
  static constexpr std::size_t bytes_max = 1024 * 1024;

  static std::string describe(const Exchange& exchange) {
    const RequestHead& request = exchange.request;
    std::string page =
        fmt::format("Hello from the demo origin. This is what reached me:\n\n{} {}{}{}\nhost: {}\n",
                    request.method_text, request.path, request.has_query ? "?" : "", request.query, request.authority);
    for (const Field& field : request.fields) page += fmt::format("{}: {}\n", field.name, field.value);
    return page;
  }

  static Answer with_status(Exchange& exchange, std::string_view number) {
    const auto status = text::parse_decimal(number);
    const bool usable = status && *status >= 200 && *status < 600;
    return text(exchange, usable ? static_cast<Status>(*status) : 400,
                usable ? fmt::format("status {}\n", *status) : "a status from 200 to 599\n");
  }

  static Answer with_bytes(Exchange& exchange, std::string_view number) {
    const auto count = text::parse_decimal(number);
    if (!count || *count > bytes_max) return text(exchange, 400, "at most 1048576 bytes\n");
    return text(exchange, 200, std::string(*count, 'w'));
  }

  static Answer text(Exchange& exchange, Status status, const std::string& page) {
    Answer answer(exchange.arena);
    const std::string_view body = exchange.arena.copy(page);
    answer.head.status = status;
    answer.head.fields.append(FieldName::content_type, "text/plain; charset=utf-8");
    answer.head.fields.append(FieldName::server, "weir-demo-origin");
    answer.head.framing = {.kind = Framing::Kind::length, .length = body.size()};
    answer.body = BodyPointer(exchange.arena.make<FixedBody>(body));
    return answer;
  }
};

void wait_for_end() {
  sigset_t signals;
  ::sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGQUIT}) ::sigaddset(&signals, number);
  int number = 0;
  ::sigwait(&signals, &number);
}

}  // namespace

int serve_demo_origin(const Endpoint& endpoint) {
  sigset_t signals;
  ::sigfillset(&signals);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);

  const auto address = socket_address(endpoint);
  if (!address) {
    fmt::print(stderr, "weir demo-origin: {} is not an address of this machine\n", endpoint.text());
    return 1;
  }
  ThreadExecutor executor(1);
  SystemResolver resolver(executor);
  Census census;
  DemoHandler handler;
  Worker worker(0, Duration::zero(), executor, resolver,
                {.traffic = handler, .admin = handler, .protocol = client_protocols(), .census = census});
  worker.start();
  const auto bound = worker.call([&] {
    worker.server().configure(std::make_shared<const Gateway>(), [](std::shared_ptr<const Snapshot>) {});
    return worker.server().open({.name = "demo", .address = *address});
  });
  if (!bound) {
    fmt::print(stderr, "weir demo-origin: cannot listen on {}: {}\n", endpoint.text(), sentence_of(bound.error().code));
    return 1;
  }
  fmt::print(stderr, "demo origin listening on {}\n", text_of(*bound));
  wait_for_end();
  worker.stop();
  return 0;
}

}  // namespace weir
