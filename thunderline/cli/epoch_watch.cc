#include "thunderline/cli/epoch_watch.h"

#include "thunderline/cli/output.h"

namespace thunderline::cli {

namespace train = cerebros::train;

EpochWatch::EpochWatch(const Session& session)
    : session_(session),
      progress_(session.clock, session.quiet),
      begin_(session.clock.now()) {}

Status EpochWatch::open_tensorboard(const std::string& folder) {
  const auto open = [&](const char* name) {
    return train::TensorboardWriter::create(session_.files, session_.clock,
                                            join_path(folder, name));
  };
  TL_ASSIGN_OR_RETURN(train_curves_, open("train"));
  TL_ASSIGN_OR_RETURN(validation_curves_, open("validation"));
  return {};
}

bool EpochWatch::on_epoch(const train::EpochReport& report) {
  show(report);
  status_ = write_curves(report);
  if (status_ && session_.stop.stop_requested()) {
    status_ = fail(ErrorCode::kInterrupted, "the training was interrupted",
                   "epoch " + std::to_string(report.epoch + 1), "nothing was written");
  }
  return status_.has_value();
}

Status EpochWatch::finish() {
  progress_.finish();
  TL_RETURN_IF_ERROR(status_);
  if (train_curves_) TL_RETURN_IF_ERROR(train_curves_->close());
  if (validation_curves_) TL_RETURN_IF_ERROR(validation_curves_->close());
  return {};
}

void EpochWatch::show(const train::EpochReport& report) {
  const int done = report.epoch + 1;
  const std::chrono::duration<double> seconds = session_.clock.now() - begin_;
  std::string line = "epoch " + std::to_string(done) + "/" + std::to_string(report.epochs) + " " +
                     bar(static_cast<double>(done) / report.epochs, 20);
  for (const auto& [name, value] : report.values) {
    if (session_.verbose || name.ends_with("loss")) line += " " + name + " " + number_text(value);
  }
  line += ", left " + duration_text(seconds.count() / done * (report.epochs - done));
  progress_.show(line);
}

Status EpochWatch::write_curves(const train::EpochReport& report) {
  if (!train_curves_) return {};
  static const std::string kValidation = "val_";
  for (const auto& [name, value] : report.values) {
    const bool validation = name.starts_with(kValidation);
    auto& curves = validation ? validation_curves_ : train_curves_;
    const std::string tag = "epoch_" + (validation ? name.substr(kValidation.size()) : name);
    TL_RETURN_IF_ERROR(curves->add_scalar(tag, report.epoch, value));
  }
  return train_curves_->add_scalar("epoch_learning_rate", report.epoch, report.learning_rate);
}

}  // namespace thunderline::cli
