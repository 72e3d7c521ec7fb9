// Any bytes as an authority's answer: safe to read, and what is taken over keeps its promises.
#include "app/acme/messages.h"
#include "app/outgoing/url.h"
#include "app/time_text.h"
#include "base/limits.h"
#include "base/testing/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace weir;
  using namespace weir::acme;
  const std::string_view json(reinterpret_cast<const char*>(data), size);
  if (const auto directory = parse_directory(json)) {
    demand(parse_url(directory->new_nonce) && parse_url(directory->new_account) && parse_url(directory->new_order));
    demand(directory->renewal_info.empty() || parse_url(directory->renewal_info));
    demand(directory->profiles.size() <= limits::acme_list);
  }
  if (const auto order = parse_order(json)) {
    demand(parse_url(order->finalize) && order->authorizations.size() <= limits::acme_list);
    for (const std::string& each : order->authorizations) demand(parse_url(each).has_value());
  }
  if (const auto authorization = parse_authorization(json)) {
    for (const Challenge& each : authorization->challenges) {
      demand(parse_url(each.url) && (each.token.empty() || is_token(each.token)));
    }
  }
  if (const auto window = parse_renewal_window(json)) demand(window->start < window->end);
  demand(text_of(parse_problem(json)).size() < 2000);
  parse_challenge(json);
  parse_time(json);
  return 0;
}
