//! Who it was: the key, its role, its network. Secrets end here: nothing past this room has seen one.
