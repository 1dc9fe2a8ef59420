"""The outside world of files: downloading, probing, fitting, transcoding."""
