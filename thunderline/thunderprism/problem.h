#pragma once

#include "thunderline/base/result.h"
#include "thunderline/thunderprism/http_message.h"

namespace thunderline::thunderprism {

/// An error as problem+json: `type`, `title`, `status`, `detail`, and as extension members `code`,
/// `where` and `hint`, as on the command line. Source: RFC 9457.
HttpResponse problem(int status, const Error& error);

/// As above with the status that the error's code has (`http_status`).
HttpResponse problem(const Error& error);

}  // namespace thunderline::thunderprism
