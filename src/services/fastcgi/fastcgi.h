// Has a request answered by a FastCGI application: php-fpm and others.
//
//   fastcgi: { to: php, root: /srv/blog, front_controller: /index.php }    PHP scripts below a root
//   fastcgi: app                                                           an application without scripts
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "contracts/plugin.h"
#include "services/fastcgi/script_path.h"
#include "services/fastcgi/variables.h"

namespace weir {

struct FastcgiOptions {
  Node to;
  std::string root;
  std::string index = ScriptRules{}.index;
  std::string split = ScriptRules{}.split;
  std::string front_controller;
  bool check_scripts = true;
  ByteCount hold = limits::held_content_bytes;
  std::vector<ConfiguredVariable> params;

  static const Schema<FastcgiOptions>& schema();
};

class Fastcgi final : public Service {
 public:
  Fastcgi(std::shared_ptr<const Cluster> cluster, FastcgiOptions options)
      : cluster_(std::move(cluster)),
        options_(std::move(options)),
        rules_{.index = options_.index, .split = options_.split, .front_controller = options_.front_controller} {}

  Reply handle(Exchange& exchange) const override;
  Effect rehearse(ImaginedRequest& imagined) const override;
  [[nodiscard]] bool forwards() const override { return true; }

  using Candidates = std::span<const ScriptCandidate>;
  /// What a path could mean; nothing for an application without scripts.
  [[nodiscard]] Candidates candidates_for(std::string_view path, Arena& arena) const;

 private:
  Task<ScriptFacts> look_for_script(Exchange& exchange, Candidates candidates) const;
  [[nodiscard]] Reply answer_by(const ScriptCandidate& script, Exchange& exchange) const;
  [[nodiscard]] Task<Result<void>> settle_length(Exchange& exchange, Framing& framing) const;

  std::shared_ptr<const Cluster> cluster_;
  FastcgiOptions options_;
  ScriptRules rules_;
};

const ServiceKind& fastcgi_service();

}  // namespace weir
