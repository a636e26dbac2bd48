#include "thunderline/thunderbolt/ml/model_server.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "thunderline/base/random.h"

namespace thunderline::thunderbolt {
namespace {

constexpr size_t kMaxFailures = 256;

tl::unexpected<Error> not_active(std::string_view name) {
  return fail(ErrorCode::kNotFound, "no version of the model is active", std::string(name),
              "deploy one first");
}

bool all_finite(std::span<const float> values) {
  return std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); });
}

}  // namespace

ModelServer::ModelServer(ModelLoader& loader, Options options)
    : loader_(loader), options_(options), reaper_(std::make_shared<ModelReaper>()) {}

ModelServer::~ModelServer() {
  names_.clear();
  loaded_.clear();
  reaper_->close();
}

Result<ModelPtr> ModelServer::acquire(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto it = names_.find(name);
  if (it == names_.end() || it->second.active == nullptr) return not_active(name);
  ++stats_.acquired;
  return it->second.active;
}

Result<ModelPtr> ModelServer::acquire(const std::string& name, int64_t version) {
  std::vector<ModelPtr> dropped;  // Outlives the lock, here and below.
  std::unique_lock lock(mutex_);
  const Key key{name, version};
  TL_ASSIGN_OR_RETURN(ModelPtr model, load(key, lock, dropped));
  ++stats_.acquired;
  if (const auto it = loaded_.find(key); it != loaded_.end()) ++it->second.acquired;
  return model;
}

Status ModelServer::preload(const std::string& name, int64_t version) {
  std::vector<ModelPtr> dropped;
  std::unique_lock lock(mutex_);
  TL_RETURN_IF_ERROR(load({name, version}, lock, dropped));
  return {};
}

/// The model, from memory or from the loader; called and left with the lock held, which it gives up
/// while it loads or waits.
Result<ModelPtr> ModelServer::load(const Key& key, std::unique_lock<std::mutex>& lock,
                                   std::vector<ModelPtr>& dropped) {
  if (const auto it = loaded_.find(key); it != loaded_.end()) {
    it->second.last_used = ++uses_;
    return it->second.model;
  }
  if (const auto it = loading_.find(key); it != loading_.end()) {
    const std::shared_ptr<Flight> flight = it->second;
    loaded_one_.wait(lock, [&] { return flight->done; });
    return flight->result;
  }
  const auto flight = std::make_shared<Flight>();
  loading_[key] = flight;
  lock.unlock();
  auto fresh = loader_.load(key.first, key.second);
  if (fresh) flight->result = ModelReaper::share(std::move(*fresh), reaper_);
  if (!fresh) flight->result = tl::unexpected<Error>(fresh.error());
  lock.lock();
  flight->done = true;
  loading_.erase(key);
  if (flight->result) remember(key, *flight->result, dropped);
  if (!flight->result) note_failure(key, flight->result.error());
  loaded_one_.notify_all();
  return flight->result;
}

void ModelServer::remember(const Key& key, const ModelPtr& model,
                           std::vector<ModelPtr>& dropped) {
  failures_.erase(key);
  ++stats_.loads;
  loaded_[key] = Loaded{model, ++uses_, 0};
  while (loaded_.size() > options_.capacity) {
    auto oldest = loaded_.end();
    for (auto it = loaded_.begin(); it != loaded_.end(); ++it) {
      if (it->first == key || pinned(it->first)) continue;
      if (oldest == loaded_.end() || it->second.last_used < oldest->second.last_used) oldest = it;
    }
    if (oldest == loaded_.end()) return;
    dropped.push_back(std::move(oldest->second.model));
    loaded_.erase(oldest);
    ++stats_.evictions;
  }
}

/// Remembers why a version that exists does not load; wrong names and numbers are the caller's.
void ModelServer::note_failure(const Key& key, const Error& error) {
  ++stats_.load_failures;
  if (error.code == ErrorCode::kNotFound || error.code == ErrorCode::kInvalidArgument) return;
  if (failures_.size() >= kMaxFailures) failures_.erase(failures_.begin());
  failures_.insert_or_assign(key, error);
}

bool ModelServer::pinned(const Key& key) const {
  const auto it = names_.find(key.first);
  if (it == names_.end()) return false;
  const auto is = [&](const ModelPtr& model) {
    return model != nullptr && model->version() == key.second;
  };
  return is(it->second.active) || is(it->second.candidate);
}

Status ModelServer::activate(const std::string& name, int64_t version) {
  std::vector<ModelPtr> dropped;
  std::unique_lock lock(mutex_);
  TL_ASSIGN_OR_RETURN(ModelPtr model, load({name, version}, lock, dropped));
  Name& entry = names_[name];
  stop(entry, "version " + std::to_string(version) + " was activated", dropped);
  dropped.push_back(std::exchange(entry.active, std::move(model)));
  ++stats_.swaps;
  return {};
}

void ModelServer::deactivate(const std::string& name) {
  std::vector<ModelPtr> dropped;
  const std::lock_guard lock(mutex_);
  const auto it = names_.find(name);
  if (it == names_.end()) return;
  stop(it->second, "the model was taken out of service", dropped);
  dropped.push_back(std::move(it->second.active));
  names_.erase(it);
}

Status ModelServer::evict(const std::string& name, int64_t version) {
  ModelPtr dropped;
  const std::lock_guard lock(mutex_);
  const Key key{name, version};
  const auto it = loaded_.find(key);
  const std::string where = name + "/" + std::to_string(version);
  if (it == loaded_.end()) {
    return fail(ErrorCode::kNotFound, "the version is not in memory", where);
  }
  if (pinned(key)) {
    return fail(ErrorCode::kRefused, "the version is serving", where,
                "activate another version first");
  }
  dropped = std::move(it->second.model);
  loaded_.erase(it);
  ++stats_.evictions;
  return {};
}

Status ModelServer::set_rollout(const std::string& name, const Rollout& wanted) {
  if (!(wanted.fraction >= 0 && wanted.fraction <= 1)) {
    return fail(ErrorCode::kInvalidArgument,
                "the canary's fraction must be in [0, 1], got " + std::to_string(wanted.fraction),
                name);
  }
  std::vector<ModelPtr> dropped;
  std::unique_lock lock(mutex_);
  TL_ASSIGN_OR_RETURN(ModelPtr model, load({name, wanted.version}, lock, dropped));
  const auto it = names_.find(name);
  if (it == names_.end()) return not_active(name);
  Name& entry = it->second;
  if (entry.active->version() == wanted.version) {
    return fail(ErrorCode::kRefused, "the version is the active one already",
                name + "/" + std::to_string(wanted.version));
  }
  stop(entry, "another rollout began", dropped);
  entry.candidate = std::move(model);
  entry.rollout = RolloutStats{};
  entry.rollout.rollout = wanted;
  entry.rollout.running = true;
  entry.difference_sum = 0;
  entry.difference_count = 0;
  return {};
}

void ModelServer::stop(Name& name, const std::string& reason, std::vector<ModelPtr>& dropped) {
  if (name.candidate == nullptr) return;
  dropped.push_back(std::move(name.candidate));
  name.candidate = nullptr;
  name.rollout.running = false;
  name.rollout.stopped = reason;
}

void ModelServer::stop_rollout(const std::string& name, const std::string& reason) {
  std::vector<ModelPtr> dropped;
  const std::lock_guard lock(mutex_);
  if (const auto it = names_.find(name); it != names_.end()) stop(it->second, reason, dropped);
}

Result<ModelServer::RolloutStats> ModelServer::rollout(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto it = names_.find(name);
  if (it == names_.end()) return not_active(name);
  RolloutStats stats = it->second.rollout;
  if (it->second.difference_count > 0) {
    stats.shadow_mean_difference =
        it->second.difference_sum / static_cast<double>(it->second.difference_count);
  }
  return stats;
}

Result<ModelServer::Route> ModelServer::route(std::string_view name,
                                              std::string_view request_id) const {
  const std::lock_guard lock(mutex_);
  const auto it = names_.find(name);
  if (it == names_.end() || it->second.active == nullptr) return not_active(name);
  ++stats_.acquired;
  const Name& entry = it->second;
  if (entry.candidate == nullptr) return Route{entry.active, nullptr, nullptr};
  const Rollout& rollout = entry.rollout.rollout;
  if (canary_share(request_id, rollout.version) < rollout.fraction) {
    return Route{entry.candidate, entry.active, nullptr};
  }
  return Route{entry.active, nullptr, rollout.shadow ? entry.candidate : nullptr};
}

Result<ModelServer::Answer> ModelServer::run_floats(std::string_view name,
                                                    std::string_view request_id,
                                                    std::span<const float> input, int64_t rows,
                                                    std::span<float> output) {
  TL_ASSIGN_OR_RETURN(const Route route, this->route(name, request_id));
  if (route.fallback != nullptr) {
    const bool good = route.model->run_floats(input, rows, output) && all_finite(output);
    if (good) {
      note_canary(name, *route.model, true);
      return Answer{route.model->version(), true};
    }
    // A request that the active version refuses too is the caller's fault, not the canary's.
    TL_RETURN_IF_ERROR(route.fallback->run_floats(input, rows, output));
    note_canary(name, *route.model, false);
    return Answer{route.fallback->version(), false};
  }
  TL_RETURN_IF_ERROR(route.model->run_floats(input, rows, output));
  if (route.shadow != nullptr) run_shadow(name, *route.shadow, input, rows, output);
  return Answer{route.model->version(), false};
}

/// The name's entry while `candidate` is still its candidate; called with the lock held.
ModelServer::Name* ModelServer::running(std::string_view name, const ServedModel& candidate) {
  const auto it = names_.find(name);
  return it != names_.end() && it->second.candidate.get() == &candidate ? &it->second : nullptr;
}

void ModelServer::note_canary(std::string_view name, const ServedModel& candidate, bool good) {
  std::vector<ModelPtr> dropped;
  const std::lock_guard lock(mutex_);
  Name* const entry = running(name, candidate);
  if (entry == nullptr) return;
  RolloutStats& stats = entry->rollout;
  ++(good ? stats.canary_answers : stats.canary_failures);
  if (stats.canary_failures >= options_.canary_failure_limit && !good) {
    stop(*entry, "it failed " + std::to_string(stats.canary_failures) + " requests", dropped);
  }
}

void ModelServer::run_shadow(std::string_view name, const ServedModel& shadow,
                             std::span<const float> input, int64_t rows,
                             std::span<const float> output) {
  std::vector<float> other(output.size());
  const bool good = shadow.run_floats(input, rows, other) && all_finite(other);
  double sum = 0;
  double worst = 0;
  for (size_t i = 0; good && i < other.size(); ++i) {
    const double difference = std::abs(double{other[i]} - double{output[i]});
    sum += difference;
    worst = std::max(worst, difference);
  }
  const std::lock_guard lock(mutex_);
  Name* const entry = running(name, shadow);
  if (entry == nullptr) return;
  RolloutStats& stats = entry->rollout;
  ++stats.shadow_runs;
  if (!good) ++stats.shadow_failures;
  if (!good) return;
  entry->difference_sum += sum;
  entry->difference_count += static_cast<int64_t>(other.size());
  stats.shadow_max_difference = std::max(stats.shadow_max_difference, worst);
}

std::vector<ModelServer::ModelStatus> ModelServer::list() const {
  const std::lock_guard lock(mutex_);
  std::vector<ModelStatus> all;
  for (const auto& [key, loaded] : loaded_) {
    ModelStatus status;
    status.name = key.first;
    status.version = key.second;
    const auto it = names_.find(key.first);
    status.active = it != names_.end() && it->second.active == loaded.model;
    status.candidate = it != names_.end() && it->second.candidate == loaded.model;
    status.users =
        std::max<int64_t>(0, loaded.model.use_count() - 1 - status.active - status.candidate);
    status.acquired = loaded.acquired;
    all.push_back(std::move(status));
  }
  for (const auto& [key, flight] : loading_) {
    all.push_back({key.first, key.second, ModelStatus::State::kLoading, "", false, false, 0, 0});
  }
  for (const auto& [key, error] : failures_) {
    all.push_back({key.first, key.second, ModelStatus::State::kFailed, to_string(error), false,
                   false, 0, 0});
  }
  std::sort(all.begin(), all.end(), [](const ModelStatus& a, const ModelStatus& b) {
    return std::tie(a.name, a.version) < std::tie(b.name, b.version);
  });
  return all;
}

ModelServer::Stats ModelServer::stats() const {
  const std::lock_guard lock(mutex_);
  Stats stats = stats_;
  stats.destroyed = reaper_->destroyed();
  stats.loaded = loaded_.size();
  stats.capacity = options_.capacity;
  return stats;
}

ModelServer::Health ModelServer::health() const {
  const std::lock_guard lock(mutex_);
  Health health;
  for (const auto& [key, error] : failures_) {
    health.problems.push_back(key.first + "/" + std::to_string(key.second) + ": " +
                              to_string(error));
  }
  health.ready = std::any_of(names_.begin(), names_.end(),
                             [](const auto& name) { return name.second.active != nullptr; });
  return health;
}

double ModelServer::canary_share(std::string_view request_id, int64_t version) {
  uint64_t hash = 0xcbf29ce484222325;  // FNV-1a, 64 bits.
  for (const char c : request_id) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  return static_cast<double>(derive_seed(hash, static_cast<uint64_t>(version)) >> 11) * 0x1p-53;
}

}  // namespace thunderline::thunderbolt
