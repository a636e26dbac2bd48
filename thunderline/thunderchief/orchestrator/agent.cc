#include "thunderline/thunderchief/orchestrator/agent.h"

#include "thunderline/base/mutex.h"
#include "thunderline/thunderflow/actor.h"
#include "thunderline/thunderflow/mailbox.h"

namespace thunderline::thunderchief {
namespace {

using Envelope = std::shared_ptr<const Message>;

/// More than a training ever sends; a full mailbox would mean that an agent hangs.
constexpr size_t kMailboxCapacity = 4096;

class AgentActor final : public thunderflow::Actor<Envelope> {
 public:
  explicit AgentActor(std::unique_ptr<Agent> agent) : agent_(std::move(agent)) {}

  Status on_message(Envelope message) override { return agent_->handle(*message, stop_token()); }

 private:
  std::unique_ptr<Agent> agent_;
};

}  // namespace

/// Carries the topic's events into an agent's mailbox.
class AgentGroup::Port {
 public:
  Status open(thunderflow::EventBus& bus) {
    thunderflow::SubscribeOptions options;
    options.capacity = kMailboxCapacity;
    options.overflow = thunderflow::Overflow::kReject;
    options.on_ready = [this] { forward(); };
    TL_ASSIGN_OR_RETURN(auto subscription, bus.subscribe(kOrchestratorTopic, std::move(options)));
    MutexLock lock(mutex_);
    subscription_.emplace(std::move(subscription));
    return {};
  }

  const std::shared_ptr<thunderflow::Mailbox<Envelope>>& mailbox() const { return mailbox_; }

  void close() {
    std::optional<thunderflow::Subscription<Message>> closing;
    {
      MutexLock lock(mutex_);
      closing.swap(subscription_);
    }
    mailbox_->close();
  }

 private:
  void forward() TL_EXCLUDES(mutex_) {
    // One at a time, so that the order of publishing stays.
    MutexLock lock(mutex_);
    if (!subscription_) return;
    while (auto event = subscription_->try_pop()) {
      if (!mailbox_->push(event->value)) return;  // Closed: the group is stopping.
    }
  }

  std::shared_ptr<thunderflow::Mailbox<Envelope>> mailbox_ =
      std::make_shared<thunderflow::Mailbox<Envelope>>(kMailboxCapacity);
  Mutex mutex_;
  std::optional<thunderflow::Subscription<Message>> subscription_ TL_GUARDED_BY(mutex_);
};

Result<std::unique_ptr<AgentGroup>> AgentGroup::start(std::vector<AgentSpec> specs,
                                                      thunderflow::EventBus& bus,
                                                      const Clock& clock) {
  std::unique_ptr<AgentGroup> group(new AgentGroup);
  std::vector<thunderflow::ChildSpec> children;
  for (AgentSpec& spec : specs) {
    auto port = std::make_unique<Port>();
    TL_RETURN_IF_ERROR(port->open(bus));
    const Publish publish = [&bus](Message message) -> Status {
      TL_RETURN_IF_ERROR(bus.publish(kOrchestratorTopic, std::move(message)));
      return {};
    };
    auto make = [spec, publish]() -> Result<std::unique_ptr<thunderflow::Actor<Envelope>>> {
      return std::make_unique<AgentActor>(spec.make(publish));
    };
    children.push_back(thunderflow::actor_child<Envelope>(
        spec.name, thunderflow::RestartPolicy::kPermanent, port->mailbox(), std::move(make)));
    group->ports_.push_back(std::move(port));
  }
  TL_ASSIGN_OR_RETURN(group->supervisor_,
                      thunderflow::Supervisor::create(std::move(children), {}, clock));
  TL_RETURN_IF_ERROR(group->supervisor_->start());
  return group;
}

AgentGroup::~AgentGroup() {
  if (supervisor_) supervisor_->stop();
  for (const auto& port : ports_) port->close();
}

}  // namespace thunderline::thunderchief
