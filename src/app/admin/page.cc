// Making an answer of a text.
#include "app/admin/page.h"

#include "app/admin/query.h"
#include "http/problem.h"

namespace weir {

Answer page(Exchange& exchange, Status status, std::string_view type, std::string_view body) {
  const std::string_view kept = exchange.arena.copy(body);
  Answer answer(exchange.arena);
  answer.head.status = status;
  answer.head.fields.append(FieldName::content_type, type);
  answer.head.fields.append(FieldName::cache_control, "no-store");
  answer.head.framing = {.kind = Framing::Kind::length, .length = kept.size()};
  answer.body = BodyPointer(exchange.arena.make<FixedBody>(kept));
  return answer;
}

Answer problem_page(Exchange& exchange, Status status, std::string_view reason, std::string_view sentence,
                    std::string_view detail) {
  const ProblemFormat format = choose_problem_format(exchange.request.fields.get(FieldName::accept));
  const Problem problem{
      .status = status, .reason = reason, .sentence = sentence, .request_id = exchange.request_id, .detail = detail};
  return page(exchange, status, content_type_of(format), render_problem(problem, format));
}

bool wants_text(const Exchange& exchange) {
  return query_value(exchange.request.query, "format") == "text";
}

}  // namespace weir
