// Lets in who shows a key that stands in a file: programs, partners, devices.
//
// Problem: a key in a configuration is a secret in a repository, and a key in a log is nobody's any more.
// Idea: the file holds digests; a key is looked up by its digest and taken out of the request before it goes on, so
// that neither upstreams nor their logs ever see it. What goes on instead, when you like, is the key's name.
#pragma once

#include <string>
#include <vector>

#include "contracts/plugin.h"
#include "contracts/schema.h"
#include "filters/api_key/key_file.h"

namespace weir {

struct ApiKeyOptions {
  std::string keys;
  std::string header = "x-api-key";  ///< lower case; empty: none
  std::string query;                 ///< parameter's name; empty: none
  std::string name_header;           ///< lower case; empty: none
  std::string realm = "api";
  bool forward_key = false;
  Place place;
  static const Schema<ApiKeyOptions>& schema();
};

/// A key as a request brings it.
struct PresentedKey {
  enum class Kind : std::uint8_t { none, repeated, malformed, given };
  Kind kind = Kind::none;
  std::string_view key;
};

/// What a verdict is made from; the key itself is none of it.
struct ApiKeyFacts {
  PresentedKey::Kind presented = PresentedKey::Kind::none;
  bool known = false;                  ///< the file has the key's digest
  WallTime expires = WallTime::max();  ///< of what the file has
  WallTime now{};
};
struct ApiKeyVerdict {
  bool allowed = false;
  std::string_view reason;  ///< static
};
/// Pure.
ApiKeyVerdict decide_api_key(const ApiKeyFacts& facts);

class ApiKey final : public Filter {
 public:
  ApiKey(ApiKeyOptions options, std::shared_ptr<WatchedFile<KeyFile>> keys);

  /// The key in the header, else in the query; two of them are none. Pure.
  [[nodiscard]] PresentedKey find_key(const RequestHead& request) const;

  Reply handle(Exchange& exchange, Next next) const override;
  Effect rehearse(ImaginedRequest& imagined) const override;

 private:
  void change_request(RequestHead& request, std::string_view name) const;

  ApiKeyOptions options_;
  std::shared_ptr<WatchedFile<KeyFile>> keys_;
  std::string challenge_;
};

const FilterKind& api_key_filter();

}  // namespace weir
