# frozen_string_literal: true

# Lets Typhoeus trust the CA certificates beside this file. It speaks TLS through libcurl, which reads neither
# Ruby's stores nor a variable, but one file: so this gives it the machine's public roots and these in one.

require 'tempfile'
require 'typhoeus'
require_relative 'trust'

# Every organisation's gem ships this same code, and a request takes one file: the first gem makes it for all.
unless Typhoeus.const_defined?(:AddedRoots, false)
  module Typhoeus
    # The file with the machine's public roots and those of each gem that was added.
    module AddedRoots
      # What chooses roots for a request, by Typhoeus's older names too.
      CHOICES = %i[cainfo capath ssl_cacert ssl_capath].freeze

      # The files live as long as these objects. None is dropped for a newer one, because a request may still need it.
      @files = []

      class << self
        # Add the roots of `authorities`, the module of a gem.
        def add(authorities)
          return if @text&.include?(authorities.pem)

          @text = @text ? "#{@text}#{authorities.pem}" : authorities.merged_pem
          Typhoeus.before { |request| apply(request) } if @files.empty?
          write
        end

        private

        # Let `request` trust the roots, unless its user has chosen others. What is false would stop the request.
        def apply(request)
          made = @files.map(&:path) # a request that runs again has one of these
          chosen = request.options.any? { |name, path| CHOICES.include?(name.to_sym) && !made.include?(path) }
          request.options[:cainfo] = current unless chosen
          true
        end

        # The newest file, or another in its place when it is lost: with the process that made it, whose child this
        # one is, or to the user that this process runs as by now; or to a cleaner of old files, after which anybody
        # may have put one there. A child uses its parent's file while it is there,
        # because many children end without clean-up, and each would leave a file behind.
        def current
          path = @files.last.path
          write unless File.readable?(path) && File.owned?(path) && !File.symlink?(path)
          @files.last.path
        end

        # Only the process that made the file removes it: Tempfile sees to that.
        def write
          file = Tempfile.new(['roots', '.pem'])
          file.write(@text)
          file.close
          @files << file
        end
      end
    end
  end
end

ca = Object.const_get(File.basename(__dir__).capitalize.gsub(/_[a-z]/) { |s| s[1].upcase })
Typhoeus::AddedRoots.add(ca) if ca.activate! && !ca.roots_chosen?
