#include "thunderline/cerebros/train/callbacks.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "thunderline/cerebros/train/metric.h"

namespace thunderline::cerebros::train {
namespace {

Status require(bool holds, const std::string& message, const char* field) {
  if (holds) return {};
  return fail(ErrorCode::kInvalidArgument, message, field);
}

std::string names_of(const EpochValues& values) {
  std::string names;
  for (const auto& [name, value] : values) names += (names.empty() ? "" : ", ") + name;
  return names;
}

}  // namespace

Result<MonitorMode> parse_monitor_mode(const std::string& name) {
  if (name == "auto") return MonitorMode::kAuto;
  if (name == "min") return MonitorMode::kMin;
  if (name == "max") return MonitorMode::kMax;
  return fail(ErrorCode::kInvalidArgument, "unknown mode \"" + name + "\"", "mode",
              "known are auto, min and max");
}

Result<Monitor> Monitor::create(const std::string& name, MonitorMode mode, double min_delta) {
  TL_RETURN_IF_ERROR(require(std::isfinite(min_delta), "min_delta is not finite", "min_delta"));
  Monitor monitor;
  monitor.name_ = name;
  monitor.min_delta_ = std::abs(min_delta);
  monitor.rising_ = mode == MonitorMode::kMax;
  if (mode != MonitorMode::kAuto) return monitor;
  const std::string base = name.starts_with("val_") ? name.substr(4) : name;
  if (base == "loss") return monitor;
  const auto kind = parse_metric(base);
  if (!kind) {
    return fail(ErrorCode::kInvalidArgument,
                "cannot tell whether \"" + name + "\" should rise or fall", "monitor",
                "give mode min or max");
  }
  monitor.rising_ = rises(*kind);
  return monitor;
}

bool Monitor::improves(double value, std::optional<double> reference) const {
  if (!reference) return true;
  return rising_ ? value - min_delta_ > *reference : value + min_delta_ < *reference;
}

Result<double> Monitor::value_in(const EpochValues& values) const {
  const auto found = values.find(name_);
  if (found != values.end()) return found->second;
  return fail(ErrorCode::kInvalidArgument, "there is no value \"" + name_ + "\" to monitor",
              "monitor", "there are " + names_of(values) + "; val_ needs validation data");
}

EarlyStopper::EarlyStopper(EarlyStopping options, Monitor monitor)
    : options_(std::move(options)), monitor_(std::move(monitor)) {}

Result<EarlyStopper> EarlyStopper::create(const EarlyStopping& options) {
  TL_RETURN_IF_ERROR(require(options.patience >= 0, "patience is negative", "patience"));
  TL_RETURN_IF_ERROR(
      require(options.start_from_epoch >= 0, "start_from_epoch is negative", "start_from_epoch"));
  TL_ASSIGN_OR_RETURN(Monitor monitor,
                      Monitor::create(options.monitor, options.mode, options.min_delta));
  return EarlyStopper(options, std::move(monitor));
}

Result<EarlyStopper::Decision> EarlyStopper::on_epoch_end(int epoch, const EpochValues& values) {
  TL_ASSIGN_OR_RETURN(const double value, monitor_.value_in(values));
  Decision decision;
  if (epoch < options_.start_from_epoch) return decision;
  ++wait_;
  if (monitor_.improves(value, best_)) {
    best_ = value;
    best_epoch_ = epoch;
    decision.keep_weights = options_.restore_best_weights;
    if (!options_.baseline || monitor_.improves(value, options_.baseline)) wait_ = 0;
    return decision;
  }
  if (wait_ >= options_.patience && epoch > 0) {
    stopped_epoch_ = epoch;
    decision.stop = true;
  }
  return decision;
}

PlateauWatch::PlateauWatch(ReduceLrOnPlateau options, Monitor monitor)
    : options_(std::move(options)), monitor_(std::move(monitor)) {}

Result<PlateauWatch> PlateauWatch::create(const ReduceLrOnPlateau& options) {
  TL_RETURN_IF_ERROR(require(options.factor > 0 && options.factor < 1,
                             "factor must lie between 0 and 1", "factor"));
  TL_RETURN_IF_ERROR(require(options.patience >= 0, "patience is negative", "patience"));
  TL_RETURN_IF_ERROR(require(options.cooldown >= 0, "cooldown is negative", "cooldown"));
  TL_RETURN_IF_ERROR(require(options.min_lr >= 0, "min_lr is negative", "min_lr"));
  TL_ASSIGN_OR_RETURN(Monitor monitor,
                      Monitor::create(options.monitor, options.mode, options.min_delta));
  return PlateauWatch(options, std::move(monitor));
}

Result<double> PlateauWatch::on_epoch_end(double learning_rate, const EpochValues& values) {
  TL_ASSIGN_OR_RETURN(const double value, monitor_.value_in(values));
  if (cooling_ > 0) {
    --cooling_;
    wait_ = 0;
  }
  if (monitor_.improves(value, best_)) {
    best_ = value;
    wait_ = 0;
    return learning_rate;
  }
  if (cooling_ > 0 || ++wait_ < options_.patience) return learning_rate;
  if (learning_rate <= static_cast<float>(options_.min_lr)) return learning_rate;
  cooling_ = options_.cooldown;
  wait_ = 0;
  // A learning rate is a float32 in Keras.
  return static_cast<float>(std::max(learning_rate * options_.factor, options_.min_lr));
}

}  // namespace thunderline::cerebros::train
