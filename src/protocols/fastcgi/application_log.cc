// Cutting, counting, and putting a message's origin in front of it.
#include "protocols/fastcgi/application_log.h"

#include <fmt/format.h>

#include <algorithm>

namespace weir::fastcgi {
namespace {

constexpr Duration cost = Duration{std::chrono::seconds{1}} / limits::application_messages_per_second;
constexpr Duration debt_max = cost * limits::application_messages_at_once;

}  // namespace

bool MessageBudget::take(Time now) {
  debt_ = std::max(debt_ - (now - last_), Duration::zero());
  last_ = now;
  if (debt_ + cost > debt_max) {
    ++left_out_;
    return false;
  }
  debt_ += cost;
  return true;
}

void ApplicationLog::begin(const Exchange& exchange) {
  exchange_ = &exchange;
  text_.clear();
  cut_bytes_ = 0;
  messages_ = 0;
}

void ApplicationLog::add(std::string_view bytes, bool message_ends) {
  const std::size_t kept = std::min(bytes.size(), limits::application_message_bytes - text_.size());
  text_.append(bytes.substr(0, kept));
  cut_bytes_ += bytes.size() - kept;
  if (message_ends) say();
}

void ApplicationLog::say() {
  Shard& shard = exchange_->shard;
  const bool too_many = ++messages_ > limits::application_messages_per_exchange;
  if (shard.notices != nullptr && !too_many) {
    static const StateKey key("fastcgi/messages");
    auto& budget = shard.state<MessageBudget>(key, [] { return std::make_unique<MessageBudget>(); });
    if (budget.take(shard.reactor.now())) {
      while (text_.ends_with('\n') || text_.ends_with(' ')) text_.pop_back();
      std::string line =
          fmt::format("{} at {} said, for {} {} ({}): {}", exchange_->upstream_name, exchange_->upstream_endpoint,
                      exchange_->request.method_text, exchange_->request.path, exchange_->request_id, text_);
      if (cut_bytes_ > 0) line += fmt::format(" ... ({} bytes more)", cut_bytes_);
      const bool last = messages_ == limits::application_messages_per_exchange;
      if (last) line += " (what else this request says is left out)";
      if (const auto left_out = budget.take_left_out(); left_out > 0) {
        line += fmt::format(" ({} messages before this one were left out)", left_out);
      }
      shard.notices->warning(line);
    }
  }
  text_.clear();
  cut_bytes_ = 0;
}

}  // namespace weir::fastcgi
