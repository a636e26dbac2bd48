#include "thunderline/thunderprism/run_feed.h"

#include "thunderline/base/json_util.h"
#include "thunderline/thunderprism/field_json.h"

namespace thunderline::thunderprism {
namespace {

constexpr auto kFrame = std::chrono::milliseconds(100);
constexpr size_t kHistoryPoints = 600;
constexpr size_t kMessageQueue = 16'384;
constexpr auto kWriteEvery = std::chrono::milliseconds(500);
constexpr size_t kKeptWishes = 1000;

template <typename T>
OrderedJson or_null(const std::optional<T>& value) {
  return value ? OrderedJson(*value) : OrderedJson();
}

/// The version that a wish means; without one, the newest that was live before the live one.
Result<int> wanted_version(const thunderchief::LoopState& loop, std::optional<int> version) {
  const auto is_live = [&](int one) {
    return loop.model_version == (one == 0 ? "heuristic" : std::to_string(one));
  };
  if (version) {
    if (is_live(*version)) {
      return fail(ErrorCode::kRefused, "this model decides already", std::to_string(*version));
    }
    for (const auto& model : loop.models) {
      if (model.version == *version && model.decision == "deployed") return *version;
    }
    return fail(ErrorCode::kNotFound, "no model of this version was ever deployed",
                std::to_string(*version), "/api/v1/models lists the decisions");
  }
  if (is_live(0)) {
    return fail(ErrorCode::kRefused, "the heuristic decides; there is nothing to go back to",
                "live");
  }
  int before = 0;
  for (const auto& model : loop.models) {
    if (is_live(model.version)) return before;
    if (model.decision == "deployed" && !model.rolled_back_at) before = model.version;
  }
  return before;
}

/// The newest values; null where there never was one.
OrderedJson newest(const thunderbolt::LoopSummary& loop) {
  return {{"plv", or_null(loop.plv.newest)},
          {"sigma", or_null(loop.sigma.newest)},
          {"lambda", or_null(loop.lambda.newest)}};
}

}  // namespace

RunFeed::RunFeed(EventStream& stream, thunderflow::MetricsRegistry& metrics, const Clock& clock,
                 std::function<void()> on_opened,
                 std::function<void(const thunderchief::RunReport&)> on_finished)
    : stream_(stream),
      metrics_(metrics),
      clock_(clock),
      on_opened_(std::move(on_opened)),
      on_finished_(std::move(on_finished)) {}

RunFeed::~RunFeed() { closed(); }

void RunFeed::opened(const thunderchief::RunAccess& access) {
  run_id_ = access.run_id;
  world_ = access.world;
  seed_ = access.seed;
  rate_ = access.rate;
  opened_ms_ = clock_.unix_ms();
  open_history(access.state_path);
  thunderflow::SubscribeOptions options;
  options.capacity = kMessageQueue;
  if (auto messages = access.bus.subscribe(thunderchief::kOrchestratorTopic, options)) {
    messages_.emplace(*std::move(messages));
  }
  {
    MutexLock lock(access_mutex_);
    access_.emplace(access);
    running_ = &*access_;
  }
  {
    MutexLock lock(mutex_);
    open_ = true;
  }
  thread_ = std::thread([this] { work(); });
  if (on_opened_) on_opened_();
}

void RunFeed::advanced(const thunderchief::RunProgress& progress) {
  const bool over = progress.loop.events == progress.events_in_all;
  if (clock_.now() < next_look_ && !over) return;
  next_look_ = clock_.now() + kFrame;
  auto look = std::make_shared<Look>();
  look->progress = progress;
  look->field = running_->loop.field().context();
  look->chiefs = running_->conductor.get_states();
  look->agents = running_->agents();
  MutexLock lock(mutex_);
  look_ = std::move(look);
}

void RunFeed::finished(const thunderchief::RunReport& report) {
  {
    MutexLock lock(mutex_);
    report_ = std::make_shared<const std::string>(report.to_json() + "\n");
  }
  if (on_finished_) on_finished_(report);
}

void RunFeed::closed() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  messages_.reset();
  MutexLock lock(access_mutex_);
  access_.reset();
}

void RunFeed::open_history(const std::string& path) {
  auto opened = HistoryStore::open(path);
  if (!opened) {
    count_history_error(opened.error());
    return;
  }
  std::shared_ptr<HistoryStore> history = *std::move(opened);
  if (const auto past = history->restore(TrainingStory::kKeptMessages)) story_.restore(*past);
  MutexLock lock(mutex_);
  store_ = std::move(history);
}

std::shared_ptr<HistoryStore> RunFeed::history() const {
  MutexLock lock(mutex_);
  return store_;
}

void RunFeed::count_history_error(const Error&) {
  auto counter = metrics_.counter("thunderline_history_errors_total",
                                  "Times that the pages' history could not be written or opened.");
  if (counter) (*counter)->increment();
}

void RunFeed::remember(const std::shared_ptr<const Look>& look, bool last) {
  const auto store = history();
  if (!store || (!last && clock_.now() < next_write_)) return;
  next_write_ = clock_.now() + kWriteEvery;
  Observed observed;
  if (look) {
    const thunderbolt::LoopSummary& loop = look->progress.loop.observables;
    observed = {loop.plv.newest, loop.sigma.newest, loop.lambda.newest};
  }
  HistoryBatch news = story_.take_news(observed);
  const auto append = [](auto& to, auto& from) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  };
  append(unwritten_.trainings, news.trainings);
  append(unwritten_.trials, news.trials);
  append(unwritten_.messages, news.messages);
  if (const Status written = store->write(unwritten_); !written) {
    count_history_error(written.error());
    // Tried again with the next batch, as long as memory bears it.
    if (unwritten_.messages.size() + unwritten_.trials.size() < kMessageQueue) return;
  }
  unwritten_ = {};
}

bool RunFeed::ready() const {
  MutexLock lock(mutex_);
  return open_;
}

std::shared_ptr<const std::string> RunFeed::report() const {
  MutexLock lock(mutex_);
  return report_;
}

std::optional<thunderbit::Context> RunFeed::field() const {
  MutexLock lock(mutex_);
  if (!look_) return std::nullopt;
  return look_->field;
}

Status RunFeed::set_paused(bool paused) {
  if (report()) {
    return fail(ErrorCode::kRefused, "the run is over", "run", "start another with thunderline run");
  }
  MutexLock lock(access_mutex_);
  if (!access_) return fail(ErrorCode::kUnavailable, "no run is open yet", "run");
  paused ? access_->conductor.pause() : access_->conductor.resume();
  return {};
}

Result<int> RunFeed::ask_for_model(std::optional<int> version, const std::string& who,
                                   const std::string& why, const std::string& key) {
  std::shared_ptr<const Look> look;
  {
    MutexLock lock(mutex_);
    if (const auto heard = wishes_.find(key); heard != wishes_.end()) return heard->second;
    if (report_) {
      return fail(ErrorCode::kRefused, "the run is over", "run",
                  "thunderline models promote changes a home at rest");
    }
    look = look_;
  }
  if (!look) return fail(ErrorCode::kUnavailable, "no run is open yet", "run");
  TL_ASSIGN_OR_RETURN(const int wanted, wanted_version(look->progress.loop, version));
  {
    MutexLock lock(access_mutex_);
    if (!access_) return fail(ErrorCode::kUnavailable, "no run is open yet", "run");
    TL_RETURN_IF_ERROR(access_->ask_for_model({wanted, !version.has_value(), who, why, key}));
  }
  MutexLock lock(mutex_);
  if (wishes_.size() >= kKeptWishes) wishes_.clear();
  wishes_[key] = wanted;
  return wanted;
}

bool RunFeed::paused() const {
  MutexLock lock(access_mutex_);
  return access_ && access_->conductor.paused();
}

Status RunFeed::with_log(const std::function<Status(thunderbolt::TrajectoryLogger&)>& use) {
  MutexLock lock(access_mutex_);
  if (!access_) return fail(ErrorCode::kUnavailable, "no run is open yet", "log");
  return use(access_->log);
}

void RunFeed::take_messages() {
  if (!messages_) return;
  while (const auto event = messages_->try_pop()) story_.tell(**event, event->unix_ms);
}

void RunFeed::settle(const Look& look) {
  const auto& models = look.progress.loop.models;
  if (models.empty()) return;
  const thunderchief::ModelRecord& newest = models.back();
  story_.settle(newest.version, newest.decision, newest.reason, clock_.unix_ms());
}

void RunFeed::work() {
  while (true) {
    std::shared_ptr<const Look> look;
    bool over = false;
    bool last = false;
    {
      const auto deadline = std::chrono::steady_clock::now() + kFrame;
      MutexLock lock(mutex_);
      while (!stopping_ && std::chrono::steady_clock::now() < deadline) {
        changed_.wait_until(mutex_, deadline);
      }
      look = look_;
      over = report_ != nullptr;
      last = stopping_;
    }
    take_messages();
    if (look) settle(*look);
    remember(look, last);
    if (last) return;
    if (look) publish(*look, paused(), over);
  }
}

void RunFeed::publish(const Look& look, bool paused, bool over) {
  std::vector<TopicNews> news;
  const auto add = [&](const char* topic, std::string document) {
    std::string& last = last_[topic];
    if (last == document) return;
    last = document;
    news.push_back({topic, TopicKind::kState, std::move(document), ""});
  };
  add("run", run_json(look, paused, over));
  add("training", story_.training_json());
  add("trials", story_.trials_json());
  add("agents", agents_json(look));
  add("models", models_json(look));
  add("observables", observables_json(look));
  add("bits", field_json(look.field));
  if (story_.last_message() != told_messages_ || !last_.contains("messages")) {
    last_["messages"] = "told";
    news.push_back({"messages", TopicKind::kEvents, story_.messages_json(told_messages_),
                    story_.messages_json(0)});
    told_messages_ = story_.last_message();
  }
  set_gauges(look);
  if (!news.empty()) stream_.publish(std::move(news));
}

std::string RunFeed::run_json(const Look& look, bool paused, bool over) const {
  const thunderchief::LoopState& loop = look.progress.loop;
  OrderedJson json;
  json["run_id"] = run_id_;
  json["world"] = world_;
  json["seed"] = seed_;
  json["rate"] = rate_ > 0 ? OrderedJson(rate_) : OrderedJson("max");
  json["opened_ms"] = opened_ms_;
  json["state"] = over                         ? "done"
                  : paused                     ? "paused"
                  : look.progress.recovering   ? "recovering"
                                               : "running";
  json["stage"] = look.progress.stage;
  json["events"] = loop.events;
  json["events_in_all"] = look.progress.events_in_all;
  json["ticks"] = loop.ticks;
  json["decisions"] = loop.decisions;
  json["forced"] = loop.forced;
  json["seen"] = loop.seen;
  json["seen_reward_mean"] =
      loop.seen == 0 ? OrderedJson()
                     : OrderedJson(loop.seen_reward / static_cast<double>(loop.seen));
  json["model_version"] = loop.model_version;
  json["models"] = loop.models.size();
  json["degradations"] = loop.degradation.size();
  return dump_json(json);
}

std::string RunFeed::models_json(const Look& look) const {
  OrderedJson json;
  json["live"] = look.progress.loop.model_version;
  json["models"] = OrderedJson::array();
  for (const thunderchief::ModelRecord& record : look.progress.loop.models) {
    json["models"].push_back(OrderedJson::parse(thunderchief::to_json(record)));
  }
  json["degradation"] = OrderedJson::array();
  for (const auto& alarm : look.progress.loop.degradation) {
    json["degradation"].push_back({{"at_event", alarm.at_event}, {"statistic", alarm.statistic}});
  }
  return dump_json(json);
}

std::string RunFeed::agents_json(const Look& look) const {
  OrderedJson json;
  json["agents"] = OrderedJson::parse(story_.agents_json(look.agents));
  json["chiefs"] = OrderedJson::array();
  for (const thunderchief::ChiefState& chief : look.chiefs) {
    json["chiefs"].push_back({{"name", chief.name},
                              {"steps", chief.steps},
                              {"errors", chief.errors},
                              {"last_action", chief.last_action},
                              {"last_detail", chief.last_detail},
                              {"reward", chief.reward}});
  }
  return dump_json(json);
}

std::string RunFeed::observables_json(const Look& look) {
  const auto& loop = look.progress.loop;
  if (loop.ticks != history_tick_) {
    history_tick_ = loop.ticks;
    const OrderedJson now = newest(loop.observables);
    history_.push_back(
        dump_json(OrderedJson::array({loop.ticks, now["plv"], now["sigma"], now["lambda"]})));
    if (history_.size() > kHistoryPoints) history_.pop_front();
  }
  std::string text = "{\"tick\":" + std::to_string(loop.ticks) +
                     ",\"now\":" + dump_json(newest(loop.observables)) +
                     ",\"healthy\":{\"plv\":[0.3,0.7],\"sigma\":[0.8,1.2],\"lambda\":[null,0.0]}"
                     ",\"history\":[";
  for (size_t i = 0; i < history_.size(); ++i) text += (i == 0 ? "" : ",") + history_[i];
  return text + "]}";
}

void RunFeed::set_gauges(const Look& look) {
  const auto set = [&](const char* name, const char* help, double value) {
    if (auto gauge = metrics_.gauge(name, help)) (*gauge)->set(value);
  };
  const auto& loop = look.progress.loop;
  set("thunderline_run_events", "Events that have come in.", static_cast<double>(loop.events));
  set("thunderline_run_ticks", "Ticks of the world.", static_cast<double>(loop.ticks));
  set("thunderline_run_decisions", "Decisions of the chief.", static_cast<double>(loop.decisions));
  set("thunderline_run_rewards_seen", "Rewards that came back.", static_cast<double>(loop.seen));
  set("thunderline_run_models", "Trainings that ended.", static_cast<double>(loop.models.size()));
  set("thunderline_bits_active", "Active bits.", static_cast<double>(look.field.active_count()));
  set("thunderline_bits_pending", "Pending bits.", static_cast<double>(look.field.pending_count()));
}

}  // namespace thunderline::thunderprism
