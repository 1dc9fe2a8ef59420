"""Reading what TikTok handed out: pure, no network."""
