// The call on a connection of its own.
#include "health_checks/grpc/grpc.h"

#include <algorithm>

#include "contracts/plugin.h"
#include "health_checks/grpc/call.h"

namespace weir {

Task<ProbeResult> GrpcCheck::probe(Stream& stream, const ProbeTarget& target) const {
  Reactor& reactor = stream.reactor();
  const auto left = [&] { return std::max(target.deadline - reactor.now(), Duration::zero()); };
  const std::string_view address = target.authority.starts_with("unix:") ? "localhost" : target.authority;
  grpc::Call call({.authority = options_.host.empty() ? address : std::string_view(options_.host),
                   .service = options_.service,
                   .timeout = left(),
                   .secured = stream.tls() != nullptr});
  while (!call.verdict()) {
    if (const std::string output = call.take_output(); !output.empty()) {
      const Result<void> sent = co_await stream.send(output, left());
      // A server that closes before it has read the question may have said why.
      if (!sent && sent.error().code == Code::timed_out) co_return ProbeResult{.reason = name_of(Code::timed_out)};
    }
    const Result<std::span<char>> received = co_await stream.receive(left());
    if (!received) co_return ProbeResult{.reason = name_of(received.error().code)};
    if (received->empty()) {
      call.end();
    } else {
      call.receive({received->data(), received->size()});
    }
  }
  co_return *call.verdict();
}

std::string GrpcCheck::description() const {
  return options_.service.empty() ? "gRPC health" : "gRPC health of " + options_.service;
}

namespace {

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char each) { return each > 0x20 && each < 0x7F; });
}

std::string service_complaint(const std::string& service) {
  return is_printable(service) && service.size() <= 255 ? "" : "is not a service such as shop.v1.Cart";
}

std::string host_complaint(const std::string& host) {
  return is_printable(host) ? "" : "is not a host";
}

const Schema<GrpcCheckOptions>& options_schema() {
  static const auto schema =
      Schema<GrpcCheckOptions>("grpc", "A gRPC server says that it serves (grpc.health.v1.Health/Check).")
          .option("service", &GrpcCheckOptions::service,
                  {.doc = "Whose health is asked for; without it the server's as a whole.",
                   .example = "shop.v1.Cart",
                   .complaint = service_complaint})
          .option("host", &GrpcCheckOptions::host,
                  {.doc = "What is asked for as :authority; without it the endpoint's address.",
                   .example = "shop.example.com",
                   .complaint = host_complaint})
          .shorthand("service");
  return schema;
}

std::unique_ptr<const HealthCheck> build(const Node& node, BuildContext& context) {
  auto options = options_schema().read(node, Reading(context.diagnostics, context.path));
  if (!options) return {};
  return std::make_unique<GrpcCheck>(std::move(*options));
}

}  // namespace

const HealthCheckKind& grpc_check() {
  static constexpr HealthCheckKind kind{
      .name = "grpc", .schema = []() -> const SchemaBase& { return options_schema(); }, .build = &build};
  return kind;
}

}  // namespace weir
