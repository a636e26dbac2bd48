#pragma once

#include <memory>
#include <string>

#include "thunderline/cerebros/train/network_metric.h"

namespace thunderline::cerebros::train {

/// Keras's metrics that count hits by threshold: "auc", "precision", "recall", "truepositives", …
/// (lower case, without "_"); null for other kinds. `settings`: Keras's config as JSON.
/// Errors: kBadData that names a setting. Source: keras.metrics, confusion_metrics, 3.15.1.
Result<std::unique_ptr<NetworkMetric>> confusion_metric(const std::string& kind,
                                                        const std::string& settings);

}  // namespace thunderline::cerebros::train
