#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

#include "thunderline/base/mutex.h"
#include "thunderline/base/result.h"
#include "thunderline/thunderflow/executor.h"
#include "thunderline/thunderflow/mailbox.h"
#include "thunderline/thunderflow/process.h"

namespace thunderline::thunderflow {

/// State that only messages of type `M` change: derive, and give it to an `ActorProcess`.
/// Thread-safety: the members are called by one thread at a time, never two at once, so an actor
/// needs no lock of its own; on a shared executor not always by the same thread.
template <typename M>
class Actor {
 public:
  virtual ~Actor() = default;

  /// Called once, before the first message. An error ends the actor as kFailed, without `on_stop`.
  virtual Status on_start() { return {}; }

  /// Handles one message. An error ends the actor as kFailed; the message is not delivered again, for
  /// one that always fails would keep a restarted actor failing.
  virtual Status on_message(M message) = 0;

  /// Called once after the last message, whatever the reason, if `on_start` succeeded.
  virtual void on_stop(const ExitReason& /*reason*/) {}

 protected:
  /// Ends the actor as kNormal after the handler that calls it.
  void finish() { finished_ = true; }

  /// Tells long-running handlers that they should return early (kInterrupted is a fitting error).
  const std::stop_token& stop_token() const { return stop_token_; }

 private:
  template <typename>
  friend class ActorProcess;

  bool finished_ = false;
  std::stop_token stop_token_;
};

/// Where and how an actor runs.
struct ActorOptions {
  /// Runs the actor's turns; must outlive it. None: a thread of its own.
  Executor* executor = nullptr;
  /// Most messages handled before others on the executor have their turn. Range: at least 1.
  size_t messages_per_turn = 16;
};

/// One life of an actor. The mailbox is shared, not owned: it outlives this life, so that a restarted
/// actor goes on with the messages that wait.
///
/// The actor ends as kFailed when a handler returns an error or lets an exception escape, or when its
/// executor refuses it; as kNormal after `finish`, or when the mailbox is closed and empty; as
/// kShutdown after `request_stop`, which closes the mailbox, and as kKilled after `kill`, which does
/// not; both at the next message boundary, leaving what is queued in the mailbox.
/// Thread-safety: as Process.
template <typename M>
class ActorProcess final : public Process {
 public:
  ActorProcess(std::unique_ptr<Actor<M>> actor, std::shared_ptr<Mailbox<M>> mailbox,
               ActorOptions options = {})
      : options_(options), life_(std::make_shared<Life>()) {
    life_->actor = std::move(actor);
    life_->actor->stop_token_ = life_->stop.get_token();
    life_->mailbox = std::move(mailbox);
    life_->messages_per_turn = options_.messages_per_turn == 0 ? 1 : options_.messages_per_turn;
  }

  ~ActorProcess() override {
    if (!started_ || life_->ended()) return;
    request_stop();
    join();
  }

  Status start(ExitHandler on_exit) override {
    if (started_) return fail(ErrorCode::kRefused, "the actor was started before");
    started_ = true;
    if (options_.executor == nullptr) own_thread_ = std::make_unique<ThreadExecutor>();
    life_->executor = options_.executor == nullptr ? own_thread_.get() : options_.executor;
    life_->on_exit = std::move(on_exit);
    life_->mailbox->set_listener([weak = std::weak_ptr<Life>(life_)] {
      if (const std::shared_ptr<Life> life = weak.lock()) life->schedule();
    });
    life_->schedule();
    return {};
  }

  void request_stop() override {
    life_->order(Order::kShutdown);
    life_->mailbox->close();
    life_->wind_up();
  }

  void kill() override {
    life_->order(Order::kKill);
    life_->wind_up();
  }

  ExitReason join() override {
    if (!started_) return {};
    while (!life_->ended() && life_->executor->try_run_one()) {
    }
    return life_->wait();
  }

 private:
  enum class Order { kRun, kKill, kShutdown };

  /// What the posted turns share with the handle. At most one turn is posted or running at any time:
  /// whoever turns `scheduled` from false to true posts it, and only a turn sets it back.
  struct Life : std::enable_shared_from_this<Life> {
    std::unique_ptr<Actor<M>> actor;
    std::shared_ptr<Mailbox<M>> mailbox;
    Executor* executor = nullptr;
    size_t messages_per_turn = 1;
    ExitHandler on_exit;
    std::stop_source stop;
    std::atomic<Order> ordered{Order::kRun};
    std::atomic<bool> scheduled{false};
    bool begun = false;  // Only turns touch it.
    mutable Mutex mutex;
    CondVar ended_changed;
    std::optional<ExitReason> reason TL_GUARDED_BY(mutex);

    void order(Order what) {
      Order expected = Order::kRun;
      ordered.compare_exchange_strong(expected, what);  // The first order stands.
    }

    void wind_up() {
      stop.request_stop();
      if (executor != nullptr) schedule();
    }

    void schedule() {
      if (scheduled.exchange(true)) return;
      Status posted = executor->post([self = this->shared_from_this()] { self->turn(); });
      if (!posted) end(ExitReason::failed(std::move(posted).error()));
    }

    void turn() {
      if (std::optional<ExitReason> exit = work()) {
        end(*std::move(exit));
        return;
      }
      scheduled = false;
      // What came while the turn still counted as scheduled posted nothing.
      if (ordered != Order::kRun || mailbox->size() > 0 || mailbox->closed()) schedule();
    }

    std::optional<ExitReason> work() {
      if (std::optional<ExitReason> exit = ordered_exit()) return exit;
      if (!begun) {
        Status status = guarded([this] { return actor->on_start(); });
        if (!status) return ExitReason::failed(std::move(status).error());
        begun = true;
        if (actor->finished_) return ExitReason{};
      }
      for (size_t i = 0; i < messages_per_turn; ++i) {
        if (std::optional<ExitReason> exit = ordered_exit()) return exit;
        const bool closed = mailbox->closed();  // Before the pop: nothing can follow the close.
        std::optional<M> message = mailbox->try_pop();
        if (!message) return closed ? std::optional<ExitReason>(ExitReason{}) : std::nullopt;
        Status status = guarded([&] { return actor->on_message(*std::move(message)); });
        if (!status) return ExitReason::failed(std::move(status).error());
        if (actor->finished_) return ExitReason{};
      }
      return std::nullopt;
    }

    std::optional<ExitReason> ordered_exit() const {
      switch (ordered.load()) {
        case Order::kKill:
          return ExitReason{ExitReason::Kind::kKilled, std::nullopt};
        case Order::kShutdown:
          return ExitReason{ExitReason::Kind::kShutdown, std::nullopt};
        case Order::kRun:
          break;
      }
      return std::nullopt;
    }

    template <typename Handler>
    static Status guarded(const Handler& handler) {
      try {
        return handler();
      } catch (...) {
        return tl::unexpected<Error>(escaped_exception());
      }
    }

    /// The last turn; `scheduled` stays true, so no other follows.
    void end(ExitReason why) {
      if (begun) {
        Status status = guarded([&] {
          actor->on_stop(why);
          return Status{};
        });
        if (!status && why.kind != ExitReason::Kind::kFailed) {
          why = ExitReason::failed(std::move(status).error());
        }
      }
      actor.reset();
      // Before anyone who joins is woken: what the handler refers to may go away after the join.
      if (on_exit) on_exit(why);
      {
        MutexLock lock(mutex);
        reason = std::move(why);
      }
      ended_changed.notify_all();
    }

    bool ended() const {
      MutexLock lock(mutex);
      return reason.has_value();
    }

    ExitReason wait() {
      MutexLock lock(mutex);
      while (!reason) ended_changed.wait(mutex);
      return *reason;
    }
  };

  const ActorOptions options_;
  bool started_ = false;
  std::shared_ptr<Life> life_;
  std::unique_ptr<ThreadExecutor> own_thread_;
};

}  // namespace thunderline::thunderflow
