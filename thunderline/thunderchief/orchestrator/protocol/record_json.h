#pragma once

#include <string>
#include <string_view>

#include "thunderline/base/result.h"
#include "thunderline/thunderchief/orchestrator/protocol/records.h"

namespace thunderline::thunderchief::protocol {

/// The records as JSON objects with the fields' names; kinds and phases are numbers of the enums, whose
/// order is part of the format. Errors of the readers: kBadData, naming `where` and the field.
std::string to_json(const RequestRecord& record);
std::string to_json(const ModelRecord& record);
std::string to_json(const AskRecord& record);
std::string to_json(const LiveRecord& record);

Result<RequestRecord> request_from_json(std::string_view text, const std::string& where);
Result<ModelRecord> model_from_json(std::string_view text, const std::string& where);
Result<AskRecord> ask_from_json(std::string_view text, const std::string& where);
Result<LiveRecord> live_from_json(std::string_view text, const std::string& where);

}  // namespace thunderline::thunderchief::protocol
