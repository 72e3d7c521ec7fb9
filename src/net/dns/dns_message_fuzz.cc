// Any bytes as the answer to a question: what is taken answers it, and following it ends.
#include <string_view>

#include "base/limits.h"
#include "base/testing/fuzz.h"
#include "net/dns/message.h"
#include "net/dns/name.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace weir::dns;
  if (size < 3) return 0;
  static constexpr Type types[] = {Type::a, Type::aaaa, Type::srv};
  const Question question{.name = "shop.test", .type = types[data[0] % 3]};
  const auto number = static_cast<std::uint16_t>(data[1] << 8 | data[2]);
  const std::string_view message(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto response = parse(message, number, question);
  if (!response || !*response) return 0;
  weir::demand((*response)->answers.size() <= weir::limits::dns_records);
  for (const Record& record : (*response)->answers) weir::demand(canonical_name(record.owner) == record.owner);
  const Finding finding = interpret(**response, question);
  weir::demand(finding.kind != Finding::Kind::found || !finding.records.empty());
  for (const Record& record : finding.records) weir::demand(record.type == question.type);
  weir::demand(finding.kind != Finding::Kind::alias || canonical_name(finding.alias) == finding.alias);
  return 0;
}
