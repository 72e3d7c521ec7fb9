// The field, and who gets it.
#include "filters/hsts/hsts.h"

#include <fmt/format.h>

namespace weir {
namespace {

constexpr std::string_view field_name = "strict-transport-security";

std::string value_of(const HstsOptions& options) {
  return fmt::format("max-age={}{}{}", std::chrono::duration_cast<std::chrono::seconds>(options.age).count(),
                     options.subdomains ? "; includeSubDomains" : "", options.preload ? "; preload" : "");
}

}  // namespace

Hsts::Hsts(const HstsOptions& options) : value_(value_of(options)) {}

Reply Hsts::handle(Exchange& exchange, Next next) const {
  Result<Answer> answer = co_await std::move(next)(exchange);
  if (!answer) co_return answer;
  answer->head.fields.remove(field_name);
  if (exchange.connection.tls != nullptr) answer->head.fields.append(field_name, value_);
  co_return answer;
}

Effect Hsts::rehearse(ImaginedRequest&) const {
  return {.text = fmt::format("answers over TLS get strict-transport-security: {}", value_)};
}

// ---- options ----

namespace {

bool check_preload(const Node& node, const Reading& reading, HstsOptions& options) {
  const bool enough = options.subdomains && options.age >= std::chrono::hours{24 * 365};
  if (!options.preload || enough) return true;
  return reading.error(node, "browsers build only hosts in that promise a year, for their subdomains, too",
                       "write subdomains: true and an age of 365d, or leave preload out");
}

std::unique_ptr<const Filter> build(const Node& options, BuildContext& context) {
  const auto read = HstsOptions::schema().read(options, Reading(context.diagnostics, context.path));
  if (!read) return {};
  return std::make_unique<Hsts>(*read);
}

}  // namespace

const Schema<HstsOptions>& HstsOptions::schema() {
  static const auto schema =
      Schema<HstsOptions>("hsts", "Tells browsers to come back over TLS only, with Strict-Transport-Security.")
          .option("age", &HstsOptions::age,
                  {.doc = "How long they keep to it; 0s takes the promise back.",
                   .example = "365d",
                   .minimum = Duration::zero(),
                   .maximum = std::chrono::hours{24 * 365 * 10}})
          .option("subdomains", &HstsOptions::subdomains,
                  {.doc = "Whether it holds for all hosts below this one: then each of them needs TLS."})
          .option("preload", &HstsOptions::preload,
                  {.doc = "Whether browsers may be shipped with it; that cannot be taken back for months."})
          .shorthand("age")
          .check(&check_preload);
  return schema;
}

const FilterKind& hsts_filter() {
  static constexpr FilterKind kind{.name = "hsts", .schema = &schema_of<HstsOptions>, .build = &build};
  return kind;
}

}  // namespace weir
