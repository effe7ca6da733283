// SPDX-License-Identifier: GPL-2.0
/* The guest that publishes a channel: see ../ivc-publisher.h. */
#include "ivc.h"
#include "../ivc-publisher.h"
