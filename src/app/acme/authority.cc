// Names for what differs.
#include "app/acme/authority.h"

#include <fmt/format.h>

#include "base/crypto.h"

namespace weir::acme {

std::string digest_of(const std::string& text) {
  constexpr std::size_t digits = 12;
  return crypto::hexadecimal(crypto::sha256(text)).substr(0, digits);
}

std::string Authority::account() const {
  return settings.external_account ? "account-" + digest_of(settings.external_account->key_id) : "account";
}

std::string Authority::variant() const {
  std::string text;
  if (settings.external_account) text += "account " + settings.external_account->key_id + "\n";
  if (!settings.profile.empty()) text += "profile " + settings.profile + "\n";
  return text;
}

std::string Authority::identity() const {
  std::string text = fmt::format("{} {} {}", settings.directory.text(), settings.context->fingerprint(), variant());
  if (settings.external_account) text += crypto::hexadecimal(crypto::sha256(settings.external_account->secret));
  return text + fmt::format(" {}", fmt::join(settings.contacts, " "));
}

}  // namespace weir::acme
