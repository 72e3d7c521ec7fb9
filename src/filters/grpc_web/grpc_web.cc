// The request's head, then the answer's.
#include "filters/grpc_web/grpc_web.h"

#include "filters/grpc_web/bodies.h"
#include "http/grpc.h"

namespace weir {
namespace {

using namespace grpc_web;

std::optional<Dialect> dialect_of(const RequestHead& request) {
  if (request.method != Method::post) return {};
  return grpc_web::dialect_of(request.fields.get(FieldName::content_type));
}

void translate_head(RequestHead& request, const Dialect& dialect, Arena& arena) {
  request.fields.set(FieldName::content_type, arena.copy(grpc_type(dialect)));
  request.accepts_trailers = true;
}

/// Calls the answer to an error what the client asked in.
class WebErrors final : public ErrorPages {
 public:
  explicit WebErrors(std::string_view type) : type_(type) {}
  void dress(Exchange&, Answer& answer) const override {
    if (is_grpc(answer.head.fields)) answer.head.fields.set(FieldName::content_type, type_);
  }

 private:
  std::string_view type_;
};

Answer translate_answer(Exchange& exchange, Answer answer, const Dialect& dialect, std::string_view type) {
  if (!is_grpc(answer.head.fields)) return answer;  // somebody who speaks no gRPC answered: the client reads the status
  answer.head.fields.set(FieldName::content_type, type);
  // Without content the status stands in the head already, where a page can read it.
  if (answer.body == nullptr) return answer;
  answer.head.framing = {.kind = Framing::Kind::chunked};
  answer.body = BodyPointer(exchange.arena.make<WebBody>(std::move(answer.body), dialect.text));
  return answer;
}

Reply translate(Exchange& exchange, Next next, Dialect dialect) {
  dialect.suffix = exchange.arena.copy(dialect.suffix);
  const std::string_view type = exchange.arena.copy(web_type(dialect));
  exchange.error_pages = exchange.arena.make<WebErrors>(type);  // pages of other filters are of no use to a program
  translate_head(exchange.request, dialect, exchange.arena);
  if (dialect.text && exchange.request_body != nullptr) {
    exchange.request.framing = {.kind = Framing::Kind::chunked};
    exchange.request_body = BodyPointer(exchange.arena.make<DecodedBody>(std::move(exchange.request_body)));
  }
  Result<Answer> answer = co_await std::move(next)(exchange);
  if (!answer) co_return answer;
  co_return translate_answer(exchange, std::move(*answer), dialect, type);
}

}  // namespace

Reply GrpcWeb::handle(Exchange& exchange, Next next) const {
  const std::optional<Dialect> dialect = dialect_of(exchange.request);
  return dialect ? translate(exchange, std::move(next), *dialect) : std::move(next)(exchange);
}

Effect GrpcWeb::rehearse(ImaginedRequest& imagined) const {
  const std::optional<Dialect> dialect = dialect_of(imagined.head);
  if (!dialect) return {.text = "passes what is not of gRPC-Web"};
  translate_head(imagined.head, *dialect, imagined.head.fields.arena());
  return {.text = dialect->text ? "translates gRPC-Web in base64 into gRPC, and the answer back"
                                : "translates gRPC-Web into gRPC, and the answer back"};
}

// ---- options ----

namespace {

std::unique_ptr<const Filter> build(const Node& options, BuildContext& context) {
  const auto read = GrpcWebOptions::schema().read(options, Reading(context.diagnostics, context.path));
  if (!read) return {};
  return std::make_unique<GrpcWeb>();
}

}  // namespace

const Schema<GrpcWebOptions>& GrpcWebOptions::schema() {
  static const auto schema =
      Schema<GrpcWebOptions>("grpc_web", "Translates gRPC-Web, which browsers speak, into gRPC and back.");
  return schema;
}

const FilterKind& grpc_web_filter() {
  static constexpr FilterKind kind{.name = "grpc_web", .schema = &schema_of<GrpcWebOptions>, .build = &build};
  return kind;
}

}  // namespace weir
