# SPDX-License-Identifier: MIT
# What pm and vfs know as each other becomes the delaying server.
/^server vfs/,/^$/s/send pm /send pm=delay /
/^server pm/,/^$/s/send vfs /send vfs=delay /
