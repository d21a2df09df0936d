// SPDX-License-Identifier: MIT
// /proc: names, links and permissions are vfs's own, text comes from pm (PM_PROC_READ). Its directories are made
// on lookup; nothing of it is kept.
#pragma once

#include "inode.h"

extern const struct file_system_type proc_type;
