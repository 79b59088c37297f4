#pragma once

/// The door to the client of the Hub: everything that `torchhub::hub` offers to talk to one.

#include "torchhub/hub/cache.h"
#include "torchhub/hub/client.h"
#include "torchhub/hub/errors.h"
