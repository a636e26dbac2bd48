#include "thunderline/thunderflow/supervisor.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <set>

namespace thunderline::thunderflow {
namespace {

using std::chrono::nanoseconds;

Status check_options(const Supervisor::Options& options) {
  const auto bad = [](const char* what, const char* where) {
    return fail(ErrorCode::kInvalidArgument, what, where);
  };
  if (options.first_backoff <= nanoseconds(0)) return bad("must be positive", "first_backoff");
  if (!(options.backoff_factor >= 1.0)) return bad("must be at least 1", "backoff_factor");
  if (options.max_backoff < options.first_backoff) {
    return bad("must be at least first_backoff", "max_backoff");
  }
  if (options.max_restarts < 0) return bad("must not be negative", "max_restarts");
  if (options.window <= nanoseconds(0)) return bad("must be positive", "window");
  if (options.hang_after <= nanoseconds(0)) return bad("must be positive", "hang_after");
  if (options.stuck_after <= nanoseconds(0)) return bad("must be positive", "stuck_after");
  return {};
}

Status check_children(const std::vector<ChildSpec>& children) {
  std::set<std::string> names;
  for (const ChildSpec& child : children) {
    if (child.name.empty()) return fail(ErrorCode::kInvalidArgument, "a child needs a name");
    if (!child.factory) {
      return fail(ErrorCode::kInvalidArgument, "a child needs a factory", child.name);
    }
    if (!names.insert(child.name).second) {
      return fail(ErrorCode::kInvalidArgument, "two children have one name", child.name);
    }
  }
  return {};
}

bool restarts_after(RestartPolicy policy, ExitReason::Kind kind) {
  switch (policy) {
    case RestartPolicy::kPermanent:
      return true;
    case RestartPolicy::kTransient:
      return kind == ExitReason::Kind::kFailed || kind == ExitReason::Kind::kKilled;
    case RestartPolicy::kTemporary:
      return false;
  }
  return false;
}

}  // namespace

const char* state_name(ChildState state) {
  switch (state) {
    case ChildState::kWaiting:
      return "waiting";
    case ChildState::kRunning:
      return "running";
    case ChildState::kBackingOff:
      return "backing_off";
    case ChildState::kEnded:
      return "ended";
    case ChildState::kGivenUp:
      return "given_up";
  }
  return "unknown";
}

Result<std::unique_ptr<Supervisor>> Supervisor::create(std::vector<ChildSpec> children,
                                                       Options options, const Clock& clock) {
  TL_RETURN_IF_ERROR(check_options(options));
  TL_RETURN_IF_ERROR(check_children(children));
  return std::unique_ptr<Supervisor>(
      new Supervisor(std::move(children), std::move(options), clock));
}

Supervisor::Supervisor(std::vector<ChildSpec> children, Options options, const Clock& clock)
    : options_(std::move(options)), clock_(clock) {
  for (ChildSpec& spec : children) {
    Child child;
    child.info.name = spec.name;
    child.info.restart = spec.restart;
    child.spec = std::move(spec);
    children_.push_back(std::move(child));
  }
}

Supervisor::~Supervisor() { stop(); }

Status Supervisor::start() {
  size_t count = 0;
  {
    MutexLock lock(mutex_);
    if (started_ || stopping_) {
      return fail(ErrorCode::kRefused, "the supervisor was started or stopped before");
    }
    started_ = true;
    count = children_.size();
  }
  for (size_t i = 0; i < count; ++i) {
    if (Status status = start_child(i); !status) {
      stop();
      return status;
    }
  }
  if (options_.own_thread) thread_ = std::thread([this] { run(); });
  return {};
}

void Supervisor::poll() {
  std::vector<Exit> exits;
  {
    MutexLock lock(mutex_);
    if (stopping_) return;
    exits.swap(exits_);
  }
  for (const Exit& exit : exits) handle_exit(exit);
  fence_hung();
  report_stuck();

  std::vector<size_t> due;
  {
    MutexLock lock(mutex_);
    const nanoseconds now = clock_.now();
    for (size_t i = 0; i < children_.size(); ++i) {
      const Child& child = children_[i];
      if (child.info.state == ChildState::kBackingOff && child.due <= now) due.push_back(i);
    }
  }
  for (const size_t index : due) restart_child(index);
}

void Supervisor::stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  stop_children();
  wait_for_fenced();
}

Status Supervisor::status() const {
  MutexLock lock(mutex_);
  if (escalation_) return tl::unexpected<Error>(*escalation_);
  return {};
}

std::vector<ChildInfo> Supervisor::children() const {
  MutexLock lock(mutex_);
  std::vector<ChildInfo> infos;
  infos.reserve(children_.size());
  for (const Child& child : children_) infos.push_back(child.info);
  return infos;
}

Status Supervisor::kill(const std::string& name) {
  std::shared_ptr<Process> process;
  {
    MutexLock lock(mutex_);
    const auto child = std::find_if(children_.begin(), children_.end(),
                                    [&](const Child& c) { return c.info.name == name; });
    if (child == children_.end()) return fail(ErrorCode::kNotFound, "no such child", name);
    process = child->process;
  }
  if (!process) return fail(ErrorCode::kRefused, "the child does not run", name);
  process->kill();
  return {};
}

void Supervisor::run() {
  while (wait_for_work()) poll();
}

bool Supervisor::wait_for_work() {
  MutexLock lock(mutex_);
  while (!stopping_ && exits_.empty()) {
    const std::optional<nanoseconds> due = next_due();
    if (!due) {
      changed_.wait(mutex_);
      continue;
    }
    const nanoseconds pause = *due - clock_.now();
    if (pause <= nanoseconds(0)) break;
    changed_.wait_until(mutex_, deadline_after(pause));
  }
  return !stopping_;
}

std::optional<nanoseconds> Supervisor::next_due() const {
  std::optional<nanoseconds> due;
  for (const Child& child : children_) {
    if (child.info.state != ChildState::kBackingOff) continue;
    due = due ? std::min(*due, child.due) : child.due;
  }
  const bool watches = !fenced_.empty() ||
                       std::any_of(children_.begin(), children_.end(), [](const Child& child) {
                         return child.spec.lifeline != nullptr;
                       });
  if (!watches) return due;
  // Often enough that a hang is found by a quarter of its time late at most.
  const nanoseconds look = clock_.now() + options_.hang_after / 4;
  return due ? std::min(*due, look) : look;
}

Status Supervisor::start_child(size_t index) {
  std::function<Result<std::unique_ptr<Process>>()> factory;
  std::string name;
  uint64_t life = 0;
  {
    MutexLock lock(mutex_);
    factory = children_[index].spec.factory;
    name = children_[index].info.name;
    life = ++children_[index].life;
  }
  const auto named = [&](Error error) {
    error.message = "child \"" + name + "\" did not start: " + error.message;
    return tl::unexpected<Error>(std::move(error));
  };
  Result<std::unique_ptr<Process>> made = factory();
  if (!made) return named(std::move(made).error());
  const std::shared_ptr<Process> process = std::move(*made);
  Status started = process->start([this, index, life](const ExitReason& reason) {
    {
      MutexLock lock(mutex_);
      exits_.push_back({index, life, reason});
    }
    changed_.notify_all();
  });
  if (!started) return named(std::move(started).error());
  {
    // Only now may others reach it. Its end, should it be reported already, waits in `exits_`.
    MutexLock lock(mutex_);
    children_[index].process = process;
    children_[index].info.state = ChildState::kRunning;
  }
  report(index);
  return {};
}

void Supervisor::restart_child(size_t index) {
  {
    MutexLock lock(mutex_);
    if (children_[index].info.state != ChildState::kBackingOff) return;  // Stopped meanwhile.
    ++children_[index].info.restarts;
  }
  if (Status status = start_child(index); !status) {
    handle_end(index, ExitReason::failed(std::move(status).error()));
  }
}

void Supervisor::stop_children() {
  size_t index = 0;
  {
    MutexLock lock(mutex_);
    index = children_.size();
  }
  while (index-- > 0) {
    std::shared_ptr<Process> process;
    {
      MutexLock lock(mutex_);
      Child& child = children_[index];
      process = std::exchange(child.process, nullptr);
      if (child.info.state == ChildState::kBackingOff) child.info.state = ChildState::kEnded;
    }
    if (!process) continue;
    process->request_stop();
    ExitReason reason = process->join();
    {
      MutexLock lock(mutex_);
      children_[index].info.state = ChildState::kEnded;
      children_[index].info.last_exit = std::move(reason);
    }
    report(index);
  }
  MutexLock lock(mutex_);
  // What is left says the end of a life that was fenced, if of anything that is still of interest.
  std::vector<Exit> kept;
  for (const Exit& exit : exits_) {
    for (const Fenced& fenced : fenced_) {
      if (fenced.child == exit.child && fenced.life == exit.life) kept.push_back(exit);
    }
  }
  exits_.swap(kept);
}

void Supervisor::handle_exit(const Exit& exit) {
  std::shared_ptr<Process> fenced;
  {
    MutexLock lock(mutex_);
    const auto found = std::find_if(fenced_.begin(), fenced_.end(), [&](const Fenced& entry) {
      return entry.child == exit.child && entry.life == exit.life;
    });
    if (found != fenced_.end()) {
      fenced = std::move(found->process);
      fenced_.erase(found);
    }
  }
  if (fenced) {
    fenced->join();
  } else {
    handle_end(exit.child, exit.reason);
  }
}

void Supervisor::fence_hung() {
  std::vector<size_t> hung;
  {
    MutexLock lock(mutex_);
    const nanoseconds now = clock_.now();
    for (size_t i = 0; i < children_.size(); ++i) {
      const Child& child = children_[i];
      if (child.info.state != ChildState::kRunning || child.spec.lifeline == nullptr) continue;
      if (child.spec.lifeline->silent_for(now) >= options_.hang_after) hung.push_back(i);
    }
  }
  for (const size_t index : hung) fence(index);
}

void Supervisor::fence(size_t index) {
  std::shared_ptr<Process> process;
  Lifeline* lifeline = nullptr;
  bool over_limit = false;
  {
    MutexLock lock(mutex_);
    process = children_[index].process;
    lifeline = children_[index].spec.lifeline;
  }
  if (!process) return;
  // First the order to end, so that it takes no message more that would then be lost. Should it come
  // back just now, it ends as one that was killed.
  process->kill();
  if (!lifeline->fence_if_silent(clock_.now(), options_.hang_after)) return;
  {
    MutexLock lock(mutex_);
    Child& child = children_[index];
    // Its end may have been reported since: then that is what happened.
    const bool ended = std::any_of(exits_.begin(), exits_.end(), [&](const Exit& exit) {
      return exit.child == index && exit.life == child.life;
    });
    if (ended || child.process != process) return;
    child.process = nullptr;
    fenced_.push_back({index, child.life, process, clock_.now() + options_.stuck_after, false});
    const auto silent_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(options_.hang_after).count();
    over_limit = settle(child, ExitReason::failed({ErrorCode::kUnavailable,
                                                   "it gave no sign of life for " +
                                                       std::to_string(silent_ms) + " ms",
                                                   child.info.name, ""}));
  }
  report(index);
  if (over_limit) escalate(index);
}

void Supervisor::report_stuck() {
  std::vector<std::string> stuck;
  {
    MutexLock lock(mutex_);
    const nanoseconds now = clock_.now();
    for (Fenced& fenced : fenced_) {
      if (fenced.reported || now < fenced.stuck_at) continue;
      fenced.reported = true;
      stuck.push_back(children_[fenced.child].info.name);
    }
  }
  for (const std::string& name : stuck) {
    if (options_.on_stuck) {
      options_.on_stuck(name);
      continue;
    }
    std::fprintf(stderr, "error: %s hangs and cannot be ended; run again to resume\n",
                 name.c_str());
    std::_Exit(1);
  }
}

void Supervisor::take_exits() {
  std::vector<Exit> exits;
  {
    MutexLock lock(mutex_);
    exits.swap(exits_);
  }
  for (const Exit& exit : exits) handle_exit(exit);
}

void Supervisor::wait_for_fenced() {
  while (true) {
    take_exits();
    report_stuck();
    MutexLock lock(mutex_);
    if (!exits_.empty()) continue;
    nanoseconds next = nanoseconds::max();
    for (const Fenced& fenced : fenced_) {
      if (!fenced.reported) next = std::min(next, fenced.stuck_at - clock_.now());
    }
    if (fenced_.empty()) return;
    if (next == nanoseconds::max()) {
      changed_.wait(mutex_);
    } else if (next > nanoseconds(0)) {
      changed_.wait_until(mutex_, deadline_after(next));
    }
  }
}

void Supervisor::handle_end(size_t index, const ExitReason& reason) {
  std::shared_ptr<Process> process;
  bool over_limit = false;
  {
    MutexLock lock(mutex_);
    // An escalation before this in the same batch has stopped it already.
    if (children_[index].info.state == ChildState::kEnded) return;
    process = std::exchange(children_[index].process, nullptr);
    over_limit = settle(children_[index], reason);
  }
  if (process) process->join();
  report(index);
  if (over_limit) escalate(index);
}

bool Supervisor::settle(Child& child, const ExitReason& reason) {
  child.info.last_exit = reason;
  if (!restarts_after(child.info.restart, reason.kind)) {
    child.info.state = ChildState::kEnded;
    return false;
  }
  const nanoseconds now = clock_.now();
  while (!child.recent.empty() && child.recent.front() + options_.window <= now) {
    child.recent.pop_front();
  }
  if (child.recent.size() >= static_cast<size_t>(options_.max_restarts)) {
    child.info.state = ChildState::kGivenUp;
    return true;
  }
  child.due = now + backoff_after(child.recent.size());
  child.recent.push_back(child.due);
  child.info.state = ChildState::kBackingOff;
  return false;
}

nanoseconds Supervisor::backoff_after(size_t recent_restarts) const {
  const double factor = std::pow(options_.backoff_factor, static_cast<double>(recent_restarts));
  const double backoff_ns = static_cast<double>(options_.first_backoff.count()) * factor;
  if (backoff_ns >= static_cast<double>(options_.max_backoff.count())) return options_.max_backoff;
  return nanoseconds(static_cast<int64_t>(backoff_ns));
}

void Supervisor::escalate(size_t index) {
  Error error;
  {
    MutexLock lock(mutex_);
    const ChildInfo& info = children_[index].info;
    const auto window_ms = std::chrono::duration_cast<std::chrono::milliseconds>(options_.window);
    error.code = ErrorCode::kUnavailable;
    error.message = "child \"" + info.name + "\" ended again after " +
                    std::to_string(options_.max_restarts) + " restarts within " +
                    std::to_string(window_ms.count()) + " ms: " +
                    (info.last_exit->error ? to_string(*info.last_exit->error)
                                           : kind_name(info.last_exit->kind));
    error.where = info.name;
    error.hint = "mend the cause, then start it again";
    escalation_ = error;
  }
  if (options_.on_limit == OnLimit::kStopAll) stop_children();
  if (options_.on_escalation) options_.on_escalation(error);
}

void Supervisor::report(size_t index) {
  if (!options_.on_change) return;
  ChildInfo info;
  {
    MutexLock lock(mutex_);
    info = children_[index].info;
  }
  options_.on_change(info);
}

}  // namespace thunderline::thunderflow
