#pragma once

/// The door to the self-hosted hub: everything that `torchhub::server` offers to run one.

#include "torchhub/server/admin.h"
#include "torchhub/server/archive.h"
#include "torchhub/server/backup.h"
#include "torchhub/server/collect.h"
#include "torchhub/server/errors.h"
#include "torchhub/server/events.h"
#include "torchhub/server/fsck.h"
#include "torchhub/server/options.h"
#include "torchhub/server/repositories.h"
#include "torchhub/server/revoke_links.h"
#include "torchhub/server/server.h"
#include "torchhub/server/stats.h"
#include "torchhub/server/test_fixtures.h"
