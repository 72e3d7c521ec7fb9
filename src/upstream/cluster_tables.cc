// What is made of all endpoints together, whenever they change: how cookies name them, and the balancer's table.
#include <algorithm>

#include "runtime/elsewhere.h"
#include "upstream/cluster_state.h"

namespace weir {

void ClusterState::name_for_cookies() {
  if (sticky_ == nullptr) return;
  std::vector<std::string_view> addresses;
  addresses.reserve(candidates_.size());
  for (const Candidate& each : candidates_) addresses.push_back(each.pool->text());
  sticky_ids_.make(sticky_->keys(), addresses);
}

/// The table for the candidates there are now. Where names were resolved, or an operator said another weight, it is
/// made elsewhere; until it is there the former one serves: whoever is not in it is not picked yet, whoever is gone is
/// skipped.
void ClusterState::find_table() {
  if (!balancer_->has_table()) return;
  const bool literal =
      !files_.any() && subset_.size == 0 && std::ranges::all_of(slots_, [](const auto& slot) { return slot->literal; });
  const auto as_configured = [](const Candidate& each) { return each.weight == each.configured; };
  if (literal && std::ranges::all_of(candidates_, as_configured)) {
    table_ = literal_table_;
    table_names_.clear();
    table_numbers_.clear();
    return;
  }
  if (literal && table_ == nullptr) table_ = literal_table_;
  number_table();
  if (making_table_ || candidates_.empty()) return;
  std::vector<TableName> names;
  names.reserve(candidates_.size());
  for (const Candidate& each : candidates_) names.push_back({std::string(each.pool->text()), each.weight});
  if (table_ != nullptr && names == table_names_) return;
  making_table_ = true;
  shard_.scope.spawn(make_table(balancer_, std::move(names)));
}

Task<void> ClusterState::make_table(std::shared_ptr<const Balancer> balancer, std::vector<TableName> names) {
  struct Made {
    std::shared_ptr<const BalancerTable> table;
    std::vector<TableName> names;
  };
  auto made = co_await elsewhere<Made>(shard_.reactor, [&](auto done) {
    shard_.executor.run([balancer, names = std::move(names), done = std::move(done)]() mutable {
      std::vector<EndpointIdentity> identities;
      identities.reserve(names.size());
      for (const TableName& each : names) identities.push_back({.name = each.name, .weight = each.weight});
      std::shared_ptr<const BalancerTable> table = balancer->make_table(identities);
      done(Made{.table = std::move(table), .names = std::move(names)});
    });
  });
  making_table_ = false;
  if (!made || stopped_ || made->table == nullptr || balancer != balancer_) {
    if (made && !stopped_ && balancer != balancer_) find_table();
    co_return;
  }
  table_ = std::move(made->table);
  table_names_ = std::move(made->names);
  find_table();  // names may have changed meanwhile
}

/// Where the table's entries are among the candidates.
void ClusterState::number_table() {
  table_numbers_.assign(table_names_.size(), no_endpoint_number);
  if (table_names_.empty()) return;
  std::unordered_map<std::string_view, std::uint32_t> numbers;
  for (const Candidate& each : candidates_) numbers.emplace(each.pool->text(), each.pool->number());
  for (std::size_t entry = 0; entry < table_names_.size(); ++entry) {
    const auto found = numbers.find(table_names_[entry].name);
    if (found != numbers.end()) table_numbers_[entry] = found->second;
  }
}

}  // namespace weir
